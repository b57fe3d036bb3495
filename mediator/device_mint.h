/* device_mint: makes the token of a device that is never connected (device_token): signed by us,
 * the possession key in it encrypted for the device. */
#pragma once
#include "device_terms.h"
#include "signing_keys.h"

struct device_minting {
    const struct device *device;
    const struct device_terms *terms;
    struct slice issuer;
    struct slice client_id;
    int64_t now;
    const uint8_t *key; /* OCT_KEY_LEN bytes */
};

/* Appends DEVICE_TOKEN_MAX bytes at most: ST_TOO_LARGE. ST_INVALID if the device's key is none. */
enum status device_mint(const struct device_minting *m, struct signing_keys *signer,
                        struct writer *w) MUST_USE;
