#include "token.h"

#include <math.h>

#include "folder.h"
#include "jwk.h"

static struct registry *registry;
static const struct app *app;
static struct private_key key;
static struct digest jkt;
static char text[4096];

static void setup(void)
{
    folder_fill();
    registry = folder_read();
    app = registry_app(registry, SLICE_LIT("app"));
    cr_assert_eq(crypto_key_generate(KEY_P256, &key), ST_OK);
    jkt = jwk_thumbprint(&key.public);
}

static void teardown(void)
{
    registry_free(registry);
    folder_remove();
}

TestSuite(token, .init = setup, .fini = teardown);

static struct slice mint(struct streak streak, int64_t now)
{
    struct writer w = writer_over(text, sizeof text);
    const struct token_request request = { .app = app,
                                           .build = app_build(app, &build_id),
                                           .issuer = SLICE_LIT("https://a.example"),
                                           .instance_key = &key.public,
                                           .streak = streak,
                                           .now = now };

    cr_assert_eq(token_mint(&request, &w), ST_OK);
    cr_assert_leq(w.len, INTEGRITY_TOKEN_MAX);
    return writer_slice(&w);
}

Test(token, it_verifies_and_says_what_was_found)
{
    const struct jwt_rules rules = { .typ = INTEGRITY_TOKEN_TYP,
                                     .algs = JWT_ALG_BIT(JWT_HS256),
                                     .exp_required = true,
                                     .now = 5000,
                                     .max_lifetime = 300 };
    struct keyring_lookup keys = { app->keyring, 5000 };
    struct integrity_claims claims;
    struct jwt jwt;

    cr_assert_eq(
        jwt_verify(mint((struct streak){ 3, 0.125 }, 5000), &rules, keyring_lookup_fn, &keys, &jwt),
        ST_OK);
    cr_assert_eq(integrity_claims_decode(&jwt, &claims), ST_OK);
    cr_assert_str_eq(jwt.kid, keyring_current_kid(app->keyring));
    cr_assert(slice_is(claims.client_id, "app"));
    cr_assert(slice_is(claims.software_version, "1.0"));
    cr_assert_eq(claims.streak, 3);
    cr_assert_eq(claims.coverage, 0.875);
    cr_assert_eq(claims.expires_at, 5300);
    jwt_clear(&jwt);
}

/* 0.99999 must not become 1, from which a streak would never come down again. */
Test(token, coverage_is_rounded_down)
{
    struct slice token = mint((struct streak){ 1, 0.00001 }, 5000);

    cr_assert_gt(token_former(token, app, app_build(app, &build_id), SLICE_LIT("https://a.example"),
                              &jkt, 5000)
                     .streak.miss,
                 0.00009);
    token = mint((struct streak){ 1, 0 }, 5000);
    cr_assert_eq(token_former(token, app, app_build(app, &build_id), SLICE_LIT("https://a.example"),
                              &jkt, 5000)
                     .streak.miss,
                 0);
}

Test(token, no_two_have_one_id)
{
    char first[sizeof text];
    struct slice token = mint((struct streak){ 1, 0 }, 5000);

    memcpy(first, token.data, token.len);
    cr_assert_not(slice_equal((struct slice){ (uint8_t *)first, token.len },
                              mint((struct streak){ 1, 0 }, 5000)));
}

static uint32_t streak_from(struct slice previous, const char *issuer, const struct digest *of,
                            int64_t now)
{
    return token_former(previous, app, app_build(app, &build_id), slice_of(issuer), of, now)
        .streak.count;
}

Test(token, a_streak_is_taken_over_from_a_good_token_of_this_instance_only)
{
    struct slice token = mint((struct streak){ 4, 0.5 }, 5000);
    const struct digest other = { { 1 } };
    char bent[sizeof text];

    cr_assert_eq(streak_from(token, "https://a.example", &jkt, 5100), 4);
    cr_assert_eq(token_former(token, app, app_build(app, &build_id), SLICE_LIT("https://a.example"),
                              &jkt, 5100)
                     .streak.miss,
                 0.5);
    cr_assert_eq(streak_from(token, "https://b.example", &jkt, 5100), 0);
    cr_assert_eq(streak_from(token, "https://a.example", &other, 5100), 0);
    cr_assert_eq(streak_from(token, "https://a.example", &jkt, 5300 + 29), 4, "within the skew");
    cr_assert_eq(streak_from(token, "https://a.example", &jkt, 5300 + 30), 0, "expired");
    cr_assert_eq(streak_from(SLICE_LIT(""), "https://a.example", &jkt, 5100), 0);
    cr_assert_eq(streak_from(SLICE_LIT("a.b.c"), "https://a.example", &jkt, 5100), 0);
    memcpy(bent, token.data, token.len);
    bent[token.len - 5] ^= 1;
    cr_assert_eq(
        streak_from((struct slice){ (uint8_t *)bent, token.len }, "https://a.example", &jkt, 5100),
        0);
}

/* coverage = 1 − (1−f)^k */
Test(token, coverage_follows_the_formula)
{
    static const double fractions[] = { 0.01, 0.25, 0.5, 1 };

    for (size_t i = 0; i < 4; i++) {
        struct streak streak = { 0 };
        for (int k = 1; k <= 20; k++) {
            streak = streak_extend(streak, fractions[i]);
            cr_assert_eq(streak.count, (uint32_t)k);
            cr_assert_lt(fabs((1 - streak.miss) - (1 - pow(1 - fractions[i], k))), 1e-12);
        }
    }
}

Test(token, a_streak_ends_with_its_version)
{
    struct slice token = mint((struct streak){ 4, 0 }, 5000);
    struct build next = *app_build(app, &build_id);

    strcpy(next.label, "2.0");
    cr_assert_eq(
        token_former(token, app, &next, SLICE_LIT("https://a.example"), &jkt, 5000).streak.count,
        0);
}

/* Each token has one, the same whenever it comes, and no other's. */
Test(token, what_is_spent_of_a_former_token)
{
    const struct build *build = app_build(app, &build_id);
    struct slice token = mint((struct streak){ 2, 0.5 }, 5000);
    struct former a = token_former(token, app, build, SLICE_LIT("https://a.example"), &jkt, 5000);
    struct former again =
        token_former(token, app, build, SLICE_LIT("https://a.example"), &jkt, 5100);
    struct former b = token_former(mint((struct streak){ 2, 0.5 }, 5000), app, build,
                                   SLICE_LIT("https://a.example"), &jkt, 5000);
    struct store_key key_a = token_former_key(&a, app), key_again = token_former_key(&again, app),
                     key_b = token_former_key(&b, app);

    cr_assert_eq(a.good_until, 5000 + 300 + 30);
    cr_assert_arr_eq(key_a.id, key_again.id, sizeof key_a.id);
    cr_assert_arr_neq(key_a.id, key_b.id, sizeof key_a.id);
    cr_assert_eq(key_a.space, STORE_SPENT);
}
