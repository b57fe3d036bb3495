/* integrity_token: the attestation result as a compact JWT, which is also an
 * OAuth client attestation (draft-ietf-oauth-attestation-based-client-auth-11). */
#pragma once
#include "jwt_sign.h"
#include "jwt_verify.h"

#define INTEGRITY_TOKEN_TYP "oauth-client-attestation+jwt"
enum { INTEGRITY_TOKEN_MAX = 1024, JTI_LEN = 22, COVERAGE_DECIMALS = 4 };

struct integrity_claims {
    struct slice issuer;
    struct slice client_id;         /* sub */
    int64_t issued_at;              /* iat, seconds */
    int64_t expires_at;             /* exp */
    struct slice token_id;          /* jti */
    struct public_key instance_key; /* cnf.jwk */
    struct slice software_name;     /* swname, or empty */
    struct slice software_version;  /* swversion, or empty */
    double coverage;         /* 0..1: chance that one altered block was seen in this streak */
    int64_t streak;          /* attestations of this instance in a row, this one included */
    struct slice ear_status; /* "affirming" (draft-ietf-rats-ear-04 §3) */
};

/* Writes the claims' JSON. ST_TOO_LARGE. */
enum status integrity_claims_encode(const struct integrity_claims *c, struct writer *w) MUST_USE;

/* Reads them from a verified token; slices borrow from it. ST_INVALID if a
 * claim is absent or of a wrong form. */
enum status integrity_claims_decode(const struct jwt *token, struct integrity_claims *out) MUST_USE;
