#include "integrity_token.h"

#include <criterion/criterion.h>
#include <string.h>

#include "msg_challenge.h"

#define SECRET "0123456789abcdef0123456789abcdef"

static bool one_key(void *arg, struct slice kid, const struct public_key *jwk, unsigned i,
                    struct jwt_key *out)
{
    (void)arg;
    (void)jwk;
    (void)kid;
    *out = (struct jwt_key){ .alg = JWT_HS256, .secret = SLICE_LIT(SECRET) };
    return i == 0;
}

static const struct jwt_rules rules = { .typ = INTEGRITY_TOKEN_TYP,
                                        .algs = JWT_ALG_BIT(JWT_HS256),
                                        .exp_required = true,
                                        .now = 1000,
                                        .max_lifetime = 300 };

static enum status mint_text(struct slice claims, struct writer *w)
{
    const struct jwt_header header = { .alg = JWT_HS256,
                                       .typ = INTEGRITY_TOKEN_TYP,
                                       .kid = "0123456789abcdef" };

    return jwt_sign_hs256(&header, claims, SLICE_LIT(SECRET), w);
}

static struct integrity_claims sample(void)
{
    struct private_key key;

    cr_assert_eq(crypto_key_generate(KEY_P256, &key), ST_OK);
    return (struct integrity_claims){ .issuer = SLICE_LIT("https://attest.example"),
                                      .client_id = SLICE_LIT("app"),
                                      .issued_at = 1000,
                                      .expires_at = 1300,
                                      .token_id = SLICE_LIT("jti"),
                                      .instance_key = key.public,
                                      .software_name = SLICE_LIT("App"),
                                      .software_version = SLICE_LIT("1.0"),
                                      .coverage = 0.75,
                                      .streak = 3,
                                      .ear_status = SLICE_LIT("affirming") };
}

Test(integrity_token, there_and_back)
{
    struct integrity_claims in = sample(), out;
    uint8_t claims[1024], token[2048];
    struct writer c = writer_over(claims, sizeof claims), w = writer_over(token, sizeof token);
    struct jwt jwt;

    cr_assert_eq(integrity_claims_encode(&in, &c), ST_OK);
    cr_assert_eq(mint_text(writer_slice(&c), &w), ST_OK);
    cr_assert_eq(jwt_verify(writer_slice(&w), &rules, one_key, NULL, &jwt), ST_OK);
    cr_assert_eq(integrity_claims_decode(&jwt, &out), ST_OK);
    cr_assert(slice_is(out.client_id, "app"));
    cr_assert_eq(out.coverage, 0.75);
    cr_assert_eq(out.streak, 3);
    cr_assert_eq(out.expires_at, 1300);
    cr_assert_arr_eq(out.instance_key.x, in.instance_key.x, 32);
    jwt_clear(&jwt);
}

Test(integrity_token, long_names_fit_in_a_kilobyte)
{
    struct integrity_claims in = sample();
    char id[CLIENT_ID_MAX + 1], label[65];
    uint8_t claims[1024], token[2048];
    struct writer c = writer_over(claims, sizeof claims), w = writer_over(token, sizeof token);

    memset(id, 'a', sizeof id);
    memset(label, 'b', sizeof label);
    id[CLIENT_ID_MAX] = label[64] = '\0';
    in.client_id = slice_of(id);
    in.software_name = in.software_version = slice_of(label);
    cr_assert_eq(integrity_claims_encode(&in, &c), ST_OK);
    cr_assert_eq(mint_text(writer_slice(&c), &w), ST_OK);
    cr_assert_leq(w.len, INTEGRITY_TOKEN_MAX, "%zu", w.len);
}

Test(integrity_token, refuses_claims_that_are_missing_or_odd)
{
#define REST "\"iat\":1000,\"exp\":1300"
#define CNF                                                                                        \
    "\"cnf\":{\"jwk\":{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"                 \
    "7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}}"
#define MORE "\"iss\":\"i\",\"sub\":\"s\",\"jti\":\"j\",\"ear_status\":\"affirming\""
    static const struct {
        const char *claims;
        enum status st;
    } cases[] = {
        { "{" REST "," MORE "," CNF ",\"coverage\":1,\"streak\":1}", ST_OK },
        { "{" REST "," MORE "," CNF ",\"coverage\":1.1,\"streak\":1}", ST_INVALID },
        { "{" REST "," MORE "," CNF ",\"coverage\":-0.1,\"streak\":1}", ST_INVALID },
        { "{" REST "," MORE "," CNF ",\"coverage\":\"1\",\"streak\":1}", ST_INVALID },
        { "{" REST "," MORE "," CNF ",\"coverage\":1,\"streak\":0}", ST_INVALID },
        { "{" REST "," MORE "," CNF ",\"coverage\":1}", ST_INVALID },
        { "{" REST "," MORE ",\"coverage\":1,\"streak\":1}", ST_INVALID },
        { "{" REST "," MORE ",\"cnf\":{},\"coverage\":1,\"streak\":1}", ST_INVALID },
        { "{" REST "," MORE ",\"cnf\":{\"jkt\":\"x\"},\"coverage\":1,\"streak\":1}", ST_INVALID },
        { "{" REST "," CNF ",\"coverage\":1,\"streak\":1}", ST_INVALID },
        { "{" REST "," MORE "," CNF ",\"coverage\":1,\"streak\":1,\"swname\":7}", ST_INVALID },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct integrity_claims out;
        uint8_t token[2048];
        struct writer w = writer_over(token, sizeof token);
        struct jwt jwt;
        cr_assert_eq(mint_text(slice_of(cases[i].claims), &w), ST_OK);
        cr_assert_eq(jwt_verify(writer_slice(&w), &rules, one_key, NULL, &jwt), ST_OK);
        cr_assert_eq(integrity_claims_decode(&jwt, &out), cases[i].st, "%zu", i);
        jwt_clear(&jwt);
    }
}

Test(integrity_token, coverage_has_four_decimals)
{
    struct integrity_claims in = sample();
    char claims[1024] = { 0 };
    struct writer c = writer_over(claims, sizeof claims - 1);

    in.coverage = 0.1234;
    cr_assert_eq(integrity_claims_encode(&in, &c), ST_OK);
    cr_assert_not_null(strstr(claims, "\"coverage\":0.1234,"), "%s", claims);
}

Test(integrity_token, client_id_from_both_sides)
{
    for (size_t n = CLIENT_ID_MAX; n <= CLIENT_ID_MAX + 1; n++) {
        struct integrity_claims in = sample(), out;
        uint8_t claims[1024], id[CLIENT_ID_MAX + 1];
        struct writer c = writer_over(claims, sizeof claims);
        struct jwt jwt = { 0 };
        memset(id, 'a', sizeof id);
        in.client_id = (struct slice){ id, n };
        cr_assert_eq(integrity_claims_encode(&in, &c), ST_OK);
        cr_assert_eq(json_parse_object(writer_slice(&c), &JSON_TOKEN_LIMITS, &jwt.claims), ST_OK);
        cr_assert_eq(integrity_claims_decode(&jwt, &out), n == CLIENT_ID_MAX ? ST_OK : ST_INVALID);
        cJSON_Delete(jwt.claims);
    }
}
