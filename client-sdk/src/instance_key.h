/* instance_key: the key pair of this installation: loaded, or made at first use. */
#pragma once
#include "crypto.h"
#include "vouchsafe/client.h"

enum vouchsafe_error instance_key_open(enum vouchsafe_key_type type,
                                       const struct vouchsafe_key_store *store,
                                       struct private_key *out) MUST_USE;
