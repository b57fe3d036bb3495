/* crypto_dh: key agreement, the other half of the crypto adapter: P-256 (NIST SP 800-56A) and
 * X25519 (RFC 7748). These keys agree and never sign, so they have types of their own. */
#pragma once
#include "crypto.h"

enum dh_curve { DH_P256, DH_X25519 };
enum { DH_SHARED_LEN = 32 };

/* Both coordinates for P-256, big-endian; u alone for X25519, little-endian (RFC 8037 §2). */
struct dh_public {
    enum dh_curve curve;
    uint8_t x[KEY_COORD_LEN];
    uint8_t y[KEY_COORD_LEN]; /* zero for X25519 */
};

/* Wipe it with secret_wipe when done. */
struct dh_private {
    struct dh_public public;
    uint8_t d[KEY_COORD_LEN];
};

/* Draws from `random`; what that returns, or ST_NO_MEMORY. */
enum status crypto_dh_generate(enum dh_curve curve, random_fn *random, void *arg,
                               struct dh_private *out) MUST_USE;

/* Restores the public half. ST_INVALID if d is no scalar of the curve (or memory is short). */
enum status crypto_dh_from_private(enum dh_curve curve, const uint8_t d[static KEY_COORD_LEN],
                                   struct dh_private *out) MUST_USE;

/* ST_INVALID if the point is not on the curve. Any 32 bytes are one for X25519: what is wrong
 * with a point of small order is found by crypto_dh_shared. */
enum status crypto_dh_check(const struct dh_public *key) MUST_USE;

/* The shared x coordinate. ST_INVALID if the curves differ or the peer's point is none;
 * ST_DENIED if the result is zero (RFC 7748 §6.1). `out` is wiped then. */
enum status crypto_dh_shared(const struct dh_private *own, const struct dh_public *peer,
                             uint8_t out[static DH_SHARED_LEN]) MUST_USE;
