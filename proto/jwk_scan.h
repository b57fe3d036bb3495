/* jwk_scan: a public key that verifies signatures, from a JWK's text and without allocating: what
 * jwk.h does for devices. */
#pragma once
#include "crypto.h"

enum { JWK_SCAN_KID_MAX = 64 };

struct jwk_named {
    struct public_key key;
    char kid[JWK_SCAN_KID_MAX + 1]; /* "" if it has none */
};

/* As jwk_read; ST_INVALID also for a kid that is too long. */
enum status jwk_scan(struct slice text, struct jwk_named *out) MUST_USE;
