/* jwt_verify: the strict layer that every JWT is read through (RFC 7519, 8725).
 * Order: size, three canonical base64url segments, header, signature, and only
 * then the claims. */
#pragma once
#include "crypto.h"
#include "json_tree.h"

enum jwt_alg { JWT_HS256, JWT_ES256, JWT_EDDSA, JWT_ALG_COUNT };
#define JWT_ALG_BIT(alg) (1u << (alg))

const char *jwt_alg_name(enum jwt_alg alg);
enum jwt_alg jwt_alg_of_key(enum key_type type);
/* ST_NOT_FOUND. For settings: a token's own word counts only where the caller expects it. */
enum status jwt_alg_find(struct slice name, enum jwt_alg *out) MUST_USE;

enum { JWT_MAX_LEN = 4096, JWT_KID_MAX = 64 };

/* What the caller expects; nothing outside it is accepted. */
struct jwt_rules {
    const char *typ;      /* exact, RFC 8725 §3.11 */
    unsigned algs;        /* JWT_ALG_BITs */
    bool jwk_in_header;   /* the header must carry "jwk" (DPoP); otherwise it must not */
    bool exp_required;    /* proofs of possession have iat only */
    int64_t now;          /* seconds since the epoch */
    int64_t skew;         /* seconds by which clocks may differ */
    int64_t max_lifetime; /* exp − iat at most; without exp: age of iat at most */
};

/* One key that may have signed. */
struct jwt_key {
    enum jwt_alg alg;
    struct slice secret;             /* JWT_HS256 */
    const struct public_key *public; /* otherwise */
};

/* Hands out the i-th key that could have signed a token with this kid (empty
 * if it has none); false when there are no more. `header_jwk` is the header's
 * key where the rules ask for one, otherwise NULL. */
typedef bool jwt_key_fn(void *arg, struct slice kid, const struct public_key *header_jwk,
                        unsigned i, struct jwt_key *out);

struct jwt {
    cJSON *claims; /* in memory; NULL unless the token holds */
    int64_t iat;
    int64_t exp; /* 0 if absent */
    enum jwt_alg alg;
    char kid[JWT_KID_MAX + 1]; /* "" if absent */
    struct json_token_tree memory;
};

/* ST_OK and *out filled, which must not be moved (jwt_clear forgets it); ST_TOO_LARGE, ST_INVALID
 * (form, header, or claims), ST_UNSUPPORTED (alg or typ not expected),
 * ST_DENIED (signature, or no such key), ST_EXPIRED (exp, iat, lifetime). */
enum status jwt_verify(struct slice token, const struct jwt_rules *rules, jwt_key_fn *keys,
                       void *arg, struct jwt *out) MUST_USE;
void jwt_clear(struct jwt *jwt);

/* For tools that show a token without trusting it (`attestctl token inspect`):
 * form, header and claims, no signature. Both are owned by the caller. */
enum status jwt_peek(struct slice token, cJSON **header, cJSON **claims) MUST_USE;
