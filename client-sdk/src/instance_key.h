/* instance_key: the key pair of this installation: loaded, made at first use, or in hardware that
 * signs for us. */
#pragma once
#include <stdatomic.h>

#include "crypto.h"
#include "vouchsafe/client.h"

struct instance_key {
    struct private_key own;              /* of a key in hardware the public half alone */
    struct vouchsafe_key_store hardware; /* sign NULL: the key is our own */
    atomic_int error;                    /* the last one that a callback returned, 0 if none did */
};

/* BAD_ARGUMENT for callbacks that make no whole. */
enum vouchsafe_error instance_key_open(enum vouchsafe_key_type type,
                                       const struct vouchsafe_key_store *store,
                                       struct instance_key *out) MUST_USE;

/* A jwt_signer_fn; arg is the struct instance_key. What the hardware gives is verified: ST_DENIED
 * if it is no signature, ST_IO if it gives none. */
enum status instance_key_sign(void *arg, struct slice message,
                              uint8_t signature[static SIGNATURE_LEN]);
