/* device_token: the access token of a device that is never connected: a JWT (RFC 9068) that we sign
 * and that carries the possession key, encrypted for the device (RFC 7800 §3.3). */
#pragma once
#include "client_key.h"
#include "device_terms.h"

struct device_token {
    const struct device *device; /* aud */
    const struct device_terms *terms;
    struct slice issuer;
    struct slice client_id;
    int64_t now;
    const uint8_t *key; /* OCT_KEY_LEN bytes */
};

/* DEVICE_TOKEN_MAX bytes at most: ST_TOO_LARGE. ST_INVALID if the device's public key is none. */
enum status device_token_mint(const struct device_token *t, struct client_key *signer,
                              struct writer *w) MUST_USE;
