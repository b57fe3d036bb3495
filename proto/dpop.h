/* dpop: a proof of possession that is bound to one method and URL (RFC 9449). */
#pragma once
#include "jwt_verify.h"

#define DPOP_HEADER       "DPoP"
#define DPOP_NONCE_HEADER "DPoP-Nonce"
#define DPOP_TYP          "dpop+jwt"
enum { DPOP_JTI_MAX = 128, DPOP_NONCE_MAX = 128, DPOP_METHOD_MAX = 32, DPOP_URL_MAX = 2048 };

struct dpop_claims {
    struct slice method;   /* htm */
    struct slice url;      /* htu */
    struct slice token_id; /* jti */
    int64_t issued_at;     /* iat */
    struct slice nonce;    /* or empty */
    bool has_token_hash;
    struct digest token_hash; /* ath: of the access token sent along */
};

/* Slices borrow from the verified token. ST_INVALID for a missing or malformed claim. */
enum status dpop_decode(const struct jwt *token, struct dpop_claims *out) MUST_USE;

/* Whether htu names this URL: scheme, host and port as RFC 3986 §6.2.2 and §6.2.3 compare
 * them, the path byte for byte, query and fragment ignored (RFC 9449 §4.3). */
bool dpop_url_matches(struct slice htu, struct slice url);
