/* pop: proof that the sender holds the instance key: the JWT of the
 * OAuth-Client-Attestation-PoP header (draft-ietf-oauth-attestation-based-client-auth-11). */
#pragma once
#include "jwt_sign.h"
#include "jwt_verify.h"

#define ATTESTATION_HEADER           "OAuth-Client-Attestation"
#define ATTESTATION_POP_HEADER       "OAuth-Client-Attestation-PoP"
#define ATTESTATION_CHALLENGE_HEADER "OAuth-Client-Attestation-Challenge"
#define POP_TYP                      "oauth-client-attestation-pop+jwt"
enum { POP_MAX_LEN = 1024, POP_JTI_MAX = 128, POP_CHALLENGE_MAX = 128 };

struct pop_claims {
    struct slice audience;  /* aud: the issuer of who is asked, one string */
    struct slice token_id;  /* jti */
    int64_t issued_at;      /* iat */
    struct slice challenge; /* or empty */
    struct slice client_id; /* iss of older drafts, or empty */
};

enum status pop_encode(const struct pop_claims *c, enum jwt_alg alg, jwt_signer_fn *sign, void *arg,
                       struct writer *w) MUST_USE;
/* Slices borrow from the verified token. ST_INVALID for a missing or malformed claim. */
enum status pop_decode(const struct jwt *token, struct pop_claims *out) MUST_USE;
