/* state_file: keeps the instance key and the delivered pins in files that only their owner may
 * read. A phone's app would use its system's key store for the key instead. */
#pragma once
#include "vouchsafe/client.h"

/* Callbacks for a struct vouchsafe_key_store; arg is the folder's path. */
int state_key_load(void *folder, uint8_t key[VOUCHSAFE_KEY_LEN]);
int state_key_save(void *folder, const uint8_t key[VOUCHSAFE_KEY_LEN]);

/* For pins_changed of a struct vouchsafe_config; arg is the folder's path. */
void state_pins_save(void *folder, const uint8_t (*pins)[32], size_t count);
/* What was kept, and how many. */
size_t state_pins_load(const char *folder, uint8_t pins[VOUCHSAFE_PINS_MAX][32]);
