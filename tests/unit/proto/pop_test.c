#include "pop.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static bool key_of_arg(void *arg, struct slice kid, const struct public_key *jwk, unsigned i,
                       struct jwt_key *out)
{
    const struct public_key *key = arg;

    (void)kid;
    (void)jwk;
    *out = (struct jwt_key){ .alg = jwt_alg_of_key(key->type), .public = key };
    return i == 0;
}

static const struct jwt_rules rules = { .typ = POP_TYP,
                                        .now = 1000,
                                        .max_lifetime = 60,
                                        .algs = JWT_ALG_BIT(JWT_ES256) | JWT_ALG_BIT(JWT_EDDSA) };

Test(pop, there_and_back)
{
    static const enum key_type types[] = { KEY_P256, KEY_ED25519 };
    const struct pop_claims in = { .audience = SLICE_LIT("https://as.example"),
                                   .token_id = SLICE_LIT("j"),
                                   .issued_at = 1000,
                                   .challenge = SLICE_LIT("c") };

    for (size_t i = 0; i < 2; i++) {
        struct pop_claims out;
        struct private_key key;
        uint8_t text[POP_MAX_LEN];
        struct writer w = writer_over(text, sizeof text);
        struct jwt jwt;
        cr_assert_eq(crypto_key_generate(types[i], &key), ST_OK);
        cr_assert_eq(pop_encode(&in, jwt_alg_of_key(types[i]), jwt_sign_private_key, &key, &w),
                     ST_OK);
        cr_assert_eq(jwt_verify(writer_slice(&w), &rules, key_of_arg, &key.public, &jwt), ST_OK);
        cr_assert_eq(pop_decode(&jwt, &out), ST_OK);
        cr_assert(slice_equal(out.audience, in.audience));
        cr_assert(slice_equal(out.challenge, in.challenge));
        cr_assert_eq(out.client_id.len, 0);
        jwt_clear(&jwt);
    }
}

Test(pop, refuses_claims_that_are_missing_or_odd)
{
    static const struct {
        const char *claims;
        enum status st;
    } cases[] = {
        { "{\"iat\":1000,\"aud\":\"a\",\"jti\":\"j\"}", ST_OK },
        { "{\"iat\":1000,\"aud\":\"a\"}", ST_INVALID },
        { "{\"iat\":1000,\"jti\":\"j\"}", ST_INVALID },
        { "{\"iat\":1000,\"aud\":[\"a\"],\"jti\":\"j\"}", ST_INVALID },
        { "{\"iat\":1000,\"aud\":\"a\",\"jti\":\"\"}", ST_INVALID },
        { "{\"iat\":1000,\"aud\":\"a\",\"jti\":\"j\",\"challenge\":1}", ST_INVALID },
    };
    struct private_key key;

    cr_assert_eq(crypto_key_generate(KEY_ED25519, &key), ST_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct jwt_header header = { .alg = JWT_EDDSA, .typ = POP_TYP };
        struct pop_claims out;
        uint8_t text[POP_MAX_LEN];
        struct writer w = writer_over(text, sizeof text);
        struct jwt jwt;
        cr_assert_eq(
            jwt_sign_with(&header, slice_of(cases[i].claims), jwt_sign_private_key, &key, &w),
            ST_OK);
        cr_assert_eq(jwt_verify(writer_slice(&w), &rules, key_of_arg, &key.public, &jwt), ST_OK);
        cr_assert_eq(pop_decode(&jwt, &out), cases[i].st, "%zu", i);
        jwt_clear(&jwt);
    }
}

Test(pop, lengths_from_both_sides)
{
    for (int n = 128; n <= 129; n++)
        for (int which = 0; which < 2; which++) {
            char text[512];
            struct pop_claims out;
            int at = snprintf(text, sizeof text, "{\"aud\":\"a\",%s\"%s\":\"",
                              which ? "\"jti\":\"j\"," : "", which ? "challenge" : "jti");
            memset(text + at, 'a', (size_t)n);
            strcpy(text + at + n, "\"}");
            struct jwt jwt = { 0 };
            cr_assert_eq(json_parse_object(slice_of(text), &JSON_TOKEN_LIMITS, &jwt.claims), ST_OK);
            cr_assert_eq(pop_decode(&jwt, &out), n == 128 ? ST_OK : ST_INVALID);
            cJSON_Delete(jwt.claims);
        }
}
