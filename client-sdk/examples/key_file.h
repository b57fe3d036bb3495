/* key_file: keeps the instance key in a file that only its owner may read. A
 * phone's app would use its system's key store instead. */
#pragma once
#include "vouchsafe/client.h"

/* Callbacks for a struct vouchsafe_key_store; arg is the folder's path. */
int key_file_load(void *folder, uint8_t key[VOUCHSAFE_KEY_LEN]);
int key_file_save(void *folder, const uint8_t key[VOUCHSAFE_KEY_LEN]);
