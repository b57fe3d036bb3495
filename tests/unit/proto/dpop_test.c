#include "dpop.h"

#include <criterion/criterion.h>

#define URL "https://auth.example/token"

Test(dpop, urls_that_are_another)
{
    static const char *const others[] = {
        "",
        "https://auth.example",
        "https://auth.example/",
        "https://auth.example/Token",
        "https://auth.example/token/",
        "https://auth.example//token",
        "https://auth.example/x/../token",
        "https://auth.example/%74oken",
        "http://auth.example/token",
        "https://auth.example:444/token",
        "https://evil.example/token",
        "https://auth.example.evil.example/token",
        "https://auth.example@evil.example/token",
        "https://user@auth.example/token",
        "//auth.example/token",
        "/token",
        "https://auth.example/token ",
    };

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_expect(!dpop_url_matches(slice_of(others[i]), SLICE_LIT(URL)), "%s", others[i]);
}

Test(dpop, urls_that_are_the_same)
{
    static const char *const same[] = {
        URL,
        "HTTPS://AUTH.example/token",
        "https://auth.example:443/token",
        URL "?a=b",
        URL "#fragment",
        URL "?a=b#c",
    };

    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        cr_expect(dpop_url_matches(slice_of(same[i]), SLICE_LIT(URL)), "%s", same[i]);
    cr_expect(dpop_url_matches(SLICE_LIT("http://[::1]:8102/check"),
                               SLICE_LIT("http://[::1]:8102/check")));
}

static enum status decode(const char *claims, struct dpop_claims *out)
{
    struct jwt token = { .iat = 5 };

    cr_assert_eq(json_parse_object(slice_of(claims), &JSON_TOKEN_LIMITS, &token.claims), ST_OK);
    enum status st = dpop_decode(&token, out);
    if (!st)
        cr_expect(slice_is(out->method, "GET") && slice_is(out->url, "u") &&
                  slice_is(out->token_id, "j") && out->issued_at == 5);
    cJSON_Delete(token.claims);
    return st;
}

Test(dpop, claims)
{
    static const struct {
        const char *claims;
        enum status st;
    } rows[] = {
        { "{\"htu\":\"u\",\"jti\":\"j\"}", ST_INVALID },
        { "{\"htm\":\"GET\",\"jti\":\"j\"}", ST_INVALID },
        { "{\"htm\":\"GET\",\"htu\":\"u\"}", ST_INVALID },
        { "{\"htm\":\"GET\",\"htu\":[\"u\"],\"jti\":\"j\"}", ST_INVALID },
        { "{\"htm\":\"GET\",\"htu\":\"u\",\"jti\":\"j\",\"nonce\":1}", ST_INVALID },
        { "{\"htm\":\"GET\",\"htu\":\"u\",\"jti\":\"j\",\"ath\":\"AAAA\"}", ST_INVALID },
        { "{\"htm\":\"GET\",\"htu\":\"u\",\"jti\":\"j\",\"ath\":null}", ST_INVALID },
        { "{\"htm\":\"GET\",\"htu\":\"u\",\"jti\":\"j\"}", ST_OK },
        { "{\"htm\":\"GET\",\"htu\":\"u\",\"jti\":\"j\",\"x\":1,\"nonce\":\"n\",\"ath\":"
          "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
          ST_OK },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct dpop_claims claims;
        cr_expect_eq(decode(rows[i].claims, &claims), rows[i].st, "%s", rows[i].claims);
    }
}
