/* jwt_sign: mints compact JWTs (RFC 7519) from claims that are JSON already. */
#pragma once
#include "crypto.h"
#include "jwt_verify.h"

/* Signs with somebody else's key: an app's key store or hardware.
 * Writes R ‖ S or the Ed25519 signature of message. */
typedef enum status jwt_signer_fn(void *arg, struct slice message,
                                  uint8_t signature[static SIGNATURE_LEN]);

struct jwt_header {
    enum jwt_alg alg;
    const char *typ;              /* required */
    const char *kid;              /* or NULL */
    const struct public_key *jwk; /* or NULL; the DPoP proof's key (RFC 9449 §4.2) */
};

/* Appends header.claims.signature to w, whose `full` tells overflow
 * (ST_TOO_LARGE). `claims` is the JSON text of one object. */
enum status jwt_sign_hs256(const struct jwt_header *header, struct slice claims, struct slice key,
                           struct writer *w) MUST_USE;
enum status jwt_sign_with(const struct jwt_header *header, struct slice claims, jwt_signer_fn *sign,
                          void *arg, struct writer *w) MUST_USE;

/* The signer for a key that is held in memory; arg is a struct private_key. */
enum status jwt_sign_private_key(void *arg, struct slice message,
                                 uint8_t signature[static SIGNATURE_LEN]);
