#include "token_format.h"

#include "client_assertion.h"
#include "ear.h"
#include "folder.h"
#include "jwk.h"
#include "registry_set.h"
#include "token_sign.h"

static struct registry *registry;
static const struct app *app;
static struct private_key key;
static char text[4096];

static void set(const char *alg, const char *const *audiences, size_t count)
{
    const struct app_changes changes = { .token_alg = alg,
                                         .set_audiences = audiences != NULL,
                                         .audiences = audiences,
                                         .audience_count = count };

    cr_assert_eq(registry_set_app(folder, "app", &changes, why, sizeof why), ST_OK, "%s", why);
}

static void read_again(void)
{
    registry_free(registry);
    registry = folder_read();
    app = registry_app(registry, SLICE_LIT("app"));
}

static void setup(void)
{
    static const char *const audiences[] = { "https://as.example/token", "https://b.example" };
    char kid[KEYRING_KID_LEN + 1];

    folder_fill();
    for (int type = KEY_P256; type <= KEY_ED25519; type++)
        cr_assert_eq(
            token_keys_rotate(folder, (enum key_type)type, 1000, 2000, kid, why, sizeof why), ST_OK,
            "%s", why);
    set(NULL, audiences, 2);
    registry = NULL;
    read_again();
    cr_assert_eq(crypto_key_generate(KEY_P256, &key), ST_OK);
}

static void teardown(void)
{
    registry_free(registry);
    folder_remove();
}

TestSuite(token_format, .init = setup, .fini = teardown);

static struct token_request request_for(const char *audience)
{
    static const struct appraisal found = { .known = true };

    return (struct token_request){ .app = app,
                                   .build = app_build(app, &build_id),
                                   .issuer = SLICE_LIT("https://a.example"),
                                   .instance_key = &key.public,
                                   .streak = { 2, 0.25 },
                                   .found = &found,
                                   .audience = slice_of(audience),
                                   .now = 5000 };
}

static struct slice mint(enum result_format format, const char *audience, int64_t *lifetime)
{
    const struct token_request request = request_for(audience);
    struct writer w = writer_over(text, sizeof text);

    cr_assert_eq(token_format_mint(format, &request, &w, lifetime), ST_OK);
    return writer_slice(&w);
}

static enum status verify(struct slice token, const char *typ, const struct app *by,
                          struct jwt *jwt)
{
    const struct jwt_rules rules = token_rules(by, typ, 5000);
    struct token_lookup keys = { by, 5000 };

    return jwt_verify(token, &rules, token_lookup_fn, &keys, jwt);
}

Test(token_format, each_algorithm_signs_and_is_the_only_one_that_verifies)
{
    static const char *const algs[] = { "HS256", "ES256", "EdDSA" };
    static const enum result_format formats[] = { RESULT_INTEGRITY_TOKEN, RESULT_EAR };
    static const char *const typs[] = { INTEGRITY_TOKEN_TYP, EAR_TYP };

    for (size_t a = 0; a < 3; a++) {
        set(algs[a], NULL, 0);
        read_again();
        for (size_t f = 0; f < 2; f++) {
            int64_t lifetime;
            struct jwt jwt;
            struct slice token = mint(formats[f], "", &lifetime);
            cr_assert_eq(verify(token, typs[f], app, &jwt), ST_OK, "%s", algs[a]);
            cr_expect_str_eq(jwt_alg_name(jwt.alg), algs[a]);
            cr_expect_eq(lifetime, 300);
            jwt_clear(&jwt);
            cr_expect_eq(verify(token, typs[1 - f], app, &jwt), ST_UNSUPPORTED, "another kind");
            struct app other = *app;
            other.token_alg = app->token_alg == JWT_HS256 ? JWT_ES256 : JWT_HS256;
            other.keys = token_keys_of(registry_keys(registry), other.token_alg);
            cr_expect_eq(verify(token, typs[f], &other, &jwt), ST_UNSUPPORTED, "another alg");
        }
    }
}

/* A MAC under the bytes of the public key, for a verifier that takes the token's word for alg. */
Test(token_format, a_public_key_is_no_secret)
{
    const struct jwt_header header = { .alg = JWT_HS256, .typ = INTEGRITY_TOKEN_TYP, .kid = "k" };
    struct writer w = writer_over(text, sizeof text);
    struct jwt jwt;

    set("ES256", NULL, 0);
    read_again();
    const struct public_key *public =
        signing_keys_find(app->keys, slice_of(signing_keys_kid(app->keys)), 5000);
    cr_assert_eq(jwt_sign_hs256(&header, SLICE_LIT("{\"iat\":5000,\"exp\":5100}"),
                                (struct slice){ public->x, sizeof public->x }, &w),
                 ST_OK);
    cr_expect_eq(verify(writer_slice(&w), INTEGRITY_TOKEN_TYP, app, &jwt), ST_UNSUPPORTED);
}

/* RFC 7523 §3, and the server knows nothing but the secret, whatever signs the other tokens. */
Test(token_format, an_assertion_is_always_under_the_secret)
{
    static const char *const algs[] = { "HS256", "ES256" };

    for (size_t a = 0; a < 2; a++) {
        struct slice iss, sub, aud, jti;
        int64_t lifetime;
        struct jwt jwt;
        set(algs[a], NULL, 0);
        read_again();
        const struct jwt_rules rules = { .typ = "JWT",
                                         .algs = JWT_ALG_BIT(JWT_HS256),
                                         .exp_required = true,
                                         .now = 5000,
                                         .max_lifetime = 60 };
        struct slice token = mint(RESULT_CLIENT_ASSERTION, "https://as.example/token", &lifetime);
        cr_assert_eq(jwt_verify(token, &rules, token_secret_fn, (void *)app, &jwt), ST_OK);
        cr_expect_str_eq(jwt.kid, "", "the server would look for a secret of that name");
        cr_assert_eq(json_get_text(jwt.claims, "iss", 128, &iss), ST_OK);
        cr_assert_eq(json_get_text(jwt.claims, "sub", 128, &sub), ST_OK);
        cr_assert_eq(json_get_text(jwt.claims, "aud", 128, &aud), ST_OK);
        cr_assert_eq(json_get_text(jwt.claims, "jti", 128, &jti), ST_OK);
        cr_expect(slice_is(iss, "app") && slice_is(sub, "app"));
        cr_expect(slice_is(aud, "https://as.example/token"));
        cr_expect_eq(jti.len, 22, "128 bits");
        cr_expect_eq(jwt.iat, 5000);
        cr_expect_eq(jwt.exp, 5060);
        cr_expect_eq(lifetime, 60);
        jwt_clear(&jwt);
        cr_expect_eq(verify(token, INTEGRITY_TOKEN_TYP, app, &jwt), ST_UNSUPPORTED);
    }
}

Test(token_format, audiences_of_the_app_only)
{
    static const struct {
        const char *audience;
        enum status st;
    } rows[] = {
        { "https://as.example/token", ST_OK },      { "https://b.example", ST_OK },
        { "https://as.example/toke", ST_DENIED },   { "https://as.example/token/", ST_DENIED },
        { "https://as.example/TOKEN", ST_DENIED },  { "https://evil.example", ST_DENIED },
        { "https://as.example/token ", ST_DENIED }, { "", ST_DENIED },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct token_request r = request_for(rows[i].audience);
        cr_expect_eq(token_format_allowed(RESULT_CLIENT_ASSERTION, &r), rows[i].st, "%s",
                     rows[i].audience);
        cr_expect_eq(token_format_allowed(RESULT_INTEGRITY_TOKEN, &r), ST_OK);
        cr_expect_eq(token_format_allowed(RESULT_EAR, &r), ST_OK);
    }
    set(NULL, (const char *const[]){ "unused" }, 0);
    read_again();
    const struct token_request r = request_for("https://b.example");
    cr_expect_eq(token_format_allowed(RESULT_CLIENT_ASSERTION, &r), ST_DENIED, "none by default");
}

/* --- whether they fit --- */

static enum status fit(size_t issuer_len)
{
    char issuer[257];

    memset(issuer, 'i', issuer_len);
    why[0] = '\0';
    return token_formats_fit(registry, (struct slice){ (uint8_t *)issuer, issuer_len }, why,
                             sizeof why);
}

/* What is let through fits to the byte, and one byte more is refused. */
Test(token_format, the_longest_issuer_from_both_sides)
{
    static const char *const algs[] = { "HS256", "ES256", "EdDSA" };

    for (size_t a = 0; a < 3; a++) {
        size_t n = 1;
        set(algs[a], NULL, 0);
        read_again();
        while (fit(n) == ST_OK)
            n++;
        cr_expect_gt(n, 100, "an issuer of a hundred bytes has room: %zu", n);
        cr_expect_eq(fit(n), ST_TOO_LARGE);
        cr_expect(strstr(why, "app: its ") && strstr(why, "1024"), "%s", why);
        char issuer[257];
        memset(issuer, 'i', n - 1);
        struct token_request r = request_for("");
        r.issuer = (struct slice){ (uint8_t *)issuer, n - 1 };
        r.streak = (struct streak){ 1000000000, 0.5 };
        r.now = 9999999000;
        for (int f = RESULT_INTEGRITY_TOKEN; f < RESULT_FORMATS; f++) {
            struct writer w = writer_over(text, sizeof text);
            int64_t lifetime;
            if (f != RESULT_CLIENT_ASSERTION)
                cr_expect_eq(token_format_mint((enum result_format)f, &r, &w, &lifetime), ST_OK);
        }
    }
}

Test(token_format, a_token_that_would_not_fit_is_not_handed_out)
{
    struct token_request r = request_for("");
    struct writer w = writer_over(text, sizeof text);
    char issuer[700];
    int64_t lifetime;

    memset(issuer, 'i', sizeof issuer);
    r.issuer = (struct slice){ (uint8_t *)issuer, sizeof issuer };
    cr_expect_eq(token_format_mint(RESULT_INTEGRITY_TOKEN, &r, &w, &lifetime), ST_TOO_LARGE);
}

/* The longest audience goes with the longest client id. */
Test(token_format, the_longest_assertion_fits)
{
    char audience[AUDIENCE_MAX + 1], id[CLIENT_ID_MAX + 1];
    const char *const list[] = { audience };
    const struct app_changes changes = { .set_audiences = true,
                                         .audiences = list,
                                         .audience_count = 1 };
    const char *const files[] = { binary };
    struct added_build build;

    memset(audience, 'a', AUDIENCE_MAX);
    audience[AUDIENCE_MAX] = '\0';
    memset(id, 'c', CLIENT_ID_MAX);
    id[CLIENT_ID_MAX] = '\0';
    cr_assert_eq(add_app(id), ST_OK);
    cr_assert_eq(registry_set_app(folder, id, &changes, why, sizeof why), ST_OK, "%s", why);
    cr_assert_eq(registry_add_build(folder, id, "", files, 1, &build, why, sizeof why), ST_OK);
    read_again();
    cr_expect_eq(token_formats_fit(registry, SLICE_LIT("https://a.example"), why, sizeof why),
                 ST_OK, "%s", why);
}
