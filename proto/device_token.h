/* device_token: the access token that the mediator mints for a device which has no connection: a
 * JWT (RFC 9068 typ) whose `cnf.jwe` holds the possession key for that device alone (RFC 7800
 * §3.3). Verified without allocating but for what P-256 does. */
#pragma once
#include "jwk_scan.h"
#include "jwt_sign.h"
#include "msg_device_hello.h"

#define DEVICE_TOKEN_TYP "at+jwt"
#define DEVICE_TOKEN_CTY "jwk+json" /* of the JWE: an oct JWK (jwk_oct.h) */

struct device_token_claims {
    struct slice issuer;
    struct slice audience; /* the device's id */
    struct slice scope;
    struct slice client_id;
    struct slice token_id; /* jti */
    struct slice jwe;      /* cnf.jwe */
    int64_t issued_at;     /* seconds since the epoch */
    int64_t not_before;
    int64_t expires;
    bool once; /* one successful command */
};

/* ST_INVALID if a claim is missing or times are out of order, ST_TOO_LARGE past DEVICE_TOKEN_MAX;
 * or what the signer returns. `kid` may be NULL. */
enum status device_token_encode(const struct device_token_claims *c, enum jwt_alg alg,
                                const char *kid, jwt_signer_fn *sign, void *arg,
                                struct writer *w) MUST_USE;

/* What the device expects. Keys with a kid are for tokens that name it. */
struct device_token_rules {
    const struct jwk_named *keys;
    size_t key_count;
    struct slice issuer;
    struct slice audience;
    int64_t now;          /* the least that the time can be, 0 if nothing is known */
    bool now_is_exact;    /* a clock says so: iat may not lie ahead of it */
    int64_t skew;         /* seconds by which an exact clock may be wrong */
    int64_t max_lifetime; /* exp - iat */
};

/* Checks in this order: form and size, signature, issuer and times, audience, scope. `scratch`
 * holds the claims afterwards; DEVICE_TOKEN_MAX bytes are enough. ST_INVALID, ST_TOO_LARGE,
 * ST_UNSUPPORTED (typ, alg), ST_DENIED (no key of ours signed it), ST_NOT_FOUND (another issuer or
 * audience), ST_EXPIRED (over, or not begun). */
enum status device_token_verify(struct slice token, const struct device_token_rules *rules,
                                uint8_t *scratch, size_t cap,
                                struct device_token_claims *out) MUST_USE;
