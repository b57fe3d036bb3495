#include "fuzz.h"
#include "integrity_token.h"
#include "pop.h"

/* A key that holds for no input that was not signed: a token that verifies is a break. */
static bool random_key(void *arg, struct slice kid, const struct public_key *jwk, unsigned i,
                       struct jwt_key *out)
{
    (void)kid;
    (void)jwk;
    *out = (struct jwt_key){ .alg = JWT_HS256, .secret = { arg, 32 } };
    return i == 0;
}

/* A token that says it was signed with the key in its own header (DPoP). */
static bool own_key(void *arg, struct slice kid, const struct public_key *jwk, unsigned i,
                    struct jwt_key *out)
{
    (void)arg;
    (void)kid;
    *out = (struct jwt_key){ .alg = jwt_alg_of_key(jwk->type), .public = jwk };
    return i == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct jwt_rules rules = { .typ = INTEGRITY_TOKEN_TYP,
                                     .exp_required = true,
                                     .algs = JWT_ALG_BIT(JWT_HS256),
                                     .now = 1790000000,
                                     .max_lifetime = 300,
                                     .skew = 30 };
    const struct jwt_rules dpop = { .typ = "dpop+jwt",
                                    .jwk_in_header = true,
                                    .now = 1790000000,
                                    .algs = JWT_ALG_BIT(JWT_ES256) | JWT_ALG_BIT(JWT_EDDSA),
                                    .max_lifetime = 60,
                                    .skew = 30 };
    static uint8_t key[32];
    cJSON *header, *claims;
    struct jwt jwt;

    if (!key[0])
        crypto_random(key, sizeof key);
    MUST(jwt_verify((struct slice){ data, len }, &rules, random_key, key, &jwt) != ST_OK);
    if (jwt_verify((struct slice){ data, len }, &dpop, own_key, NULL, &jwt) == ST_OK)
        jwt_clear(&jwt);
    if (jwt_peek((struct slice){ data, len }, &header, &claims) == ST_OK) {
        struct jwt unverified = { .claims = claims };
        struct integrity_claims integrity;
        struct pop_claims pop;
        (void)!integrity_claims_decode(&unverified, &integrity);
        (void)!pop_decode(&unverified, &pop);
        cJSON_Delete(header);
        cJSON_Delete(claims);
    }
    return 0;
}
