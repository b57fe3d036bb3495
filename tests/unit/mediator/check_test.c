#include "check.h"

#include "base64url.h"
#include "site.h"

#define API    "https://api.example/base"
#define ORIGIN "https://api.example"
#define CHECKS                                                                                     \
    "}\ncheck \"look\" { resource = \"" API "\" }\n"                                               \
    "check \"unlock\" { resource = \"" API "\"\n clients = {\"app\"}\n min_coverage = 0.9\n"       \
    " min_streak = 2\n max_age = 60 }\n"                                                           \
    "check \"envoy\" { resource = \"" API "\"\n original = \"path\" }\n"                           \
    "client \"dpop\" { keyring = \"%s\"\n possession = \"dpop\" }\n"                               \
    "client \"once\" { keyring = \"%s\"\n possession = \"none\"\n limited_use = true }\n"          \
    "client \"asked\" { keyring = \"%s\"\n require_challenge = true\n"

static struct site s;

static void open_site(void)
{
    site_open(&s, SITE_BY_HAND, CHECKS);
}

static void close_site(void)
{
    site_close(&s);
}

TestSuite(check, .init = open_site, .fini = close_site);

struct ask {
    struct token_wish token;
    struct proof_wish proof;
    struct dpop_wish dpop;
    bool no_token, no_proof, with_dpop;
    const char *method; /* of /check itself */
    const char *original_method, *original_uri;
};

static void put(struct http1_header *headers, size_t *count, const char *name, const char *value)
{
    headers[(*count)++] = (struct http1_header){ slice_of(name), slice_of(value) };
}

static unsigned ask(const char *target, struct ask a)
{
    struct http1_header headers[8];
    struct text token, proof, dpop;
    size_t count = 0;

    a.token.secret = a.token.secret.data ? a.token.secret : configured_secret();
    a.token.kid = s.c.kid;
    a.token.instance = &s.instance;
    a.proof.instance = a.proof.instance ? a.proof.instance : &s.instance;
    a.dpop.instance = a.dpop.instance ? a.dpop.instance : &s.instance;
    a.proof.audience = or_else(a.proof.audience, API);
    a.dpop.url = or_else(a.dpop.url, ORIGIN "/locks/1");
    token = mint_token(&a.token);
    proof = mint_proof(&a.proof);
    dpop = mint_dpop(&a.dpop);
    if (!a.no_token)
        put(headers, &count, ATTESTATION_HEADER, token.bytes);
    if (!a.no_proof)
        put(headers, &count, ATTESTATION_POP_HEADER, proof.bytes);
    if (a.with_dpop)
        put(headers, &count, DPOP_HEADER, dpop.bytes);
    if (a.original_method)
        put(headers, &count, "X-Original-Method", a.original_method);
    if (a.original_uri)
        put(headers, &count, "X-Original-URI", a.original_uri);
    return site_send(&s, or_else(a.method, "GET"), target, headers, count, NULL);
}

static bool hints(const char *text)
{
    struct slice hint = site_header(s.head, "WWW-Authenticate");

    return hint.len == strlen(text) && memcmp(hint.data, text, hint.len) == 0;
}

Test(check, who_is_refused)
{
    const struct {
        const char *name, *target;
        struct ask ask;
        unsigned code;
        const char *error;
    } rows[] = {
        { "no token", "/check?policy=look", { .no_token = true }, 401, "invalid_client" },
        { "no proof",
          "/check?policy=look",
          { .no_proof = true },
          401,
          "invalid_client_attestation" },
        { "another's proof",
          "/check?policy=look",
          { .proof.instance = &s.stranger },
          401,
          "invalid_client_attestation" },
        { "a proof for the mediator",
          "/check?policy=look",
          { .proof.audience = MINT_ISSUER },
          401,
          "invalid_client_attestation" },
        { "another secret",
          "/check?policy=look",
          { .token.secret = SLICE_LIT("another client secret of 32 bytes") },
          401,
          "invalid_client_attestation" },
        { "a client that is unknown",
          "/check?policy=look",
          { .token.sub = "nobody" },
          401,
          "invalid_client_attestation" },
        { "an old token",
          "/check?policy=look",
          { .token.age = 400 },
          401,
          "use_fresh_attestation" },
        { "a warning",
          "/check?policy=look",
          { .token.ear_status = "warning" },
          401,
          "use_fresh_attestation" },
        { "little coverage",
          "/check/unlock",
          { .token = { .coverage = 0.89, .streak = 2 } },
          401,
          "use_fresh_attestation" },
        { "a short streak",
          "/check/unlock",
          { .token.coverage = 0.9 },
          401,
          "use_fresh_attestation" },
        { "an age",
          "/check/unlock",
          { .token = { .coverage = 0.9, .streak = 2, .age = 61 } },
          401,
          "use_fresh_attestation" },
        { "another client",
          "/check/unlock",
          { .token = { .coverage = 0.9, .streak = 2, .sub = "other" } },
          403,
          "access_denied" },
        { "no policy", "/check", { .no_proof = false }, 403, "access_denied" },
        { "an unknown policy", "/check?policy=lock", { .no_proof = false }, 403, "access_denied" },
        { "an unknown policy in the path",
          "/check/lock",
          { .no_proof = false },
          403,
          "access_denied" },
        { "a policy twice",
          "/check?policy=look&policy=unlock",
          { .no_proof = false },
          403,
          "invalid_request" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_eq(ask(rows[i].target, rows[i].ask), rows[i].code, "%s: %u %s", rows[i].name,
                     s.code, s.body);
        cr_expect(site_says(&s, rows[i].error), "%s: %s", rows[i].name, s.body);
        cr_expect_eq(site_header(s.head, "WWW-Authenticate").data != NULL, s.code == 401, "%s",
                     rows[i].name);
        cr_expect_null(site_header(s.head, "Vouchsafe-Client-Id").data, "%s", rows[i].name);
    }
    cr_expect_eq(ask("/check?policy=look", (struct ask){ .no_proof = true }), 401);
    cr_expect(hints("OAuth-Client-Attestation error=\"invalid_client_attestation\""));
    cr_expect_eq(s.asked, 0);
}

Test(check, who_passes_and_what_is_said_of_them)
{
    const struct ask good = { .token = { .coverage = 0.9375, .streak = 2, .age = 60 } };
    char jkt[64];
    struct digest thumbprint = jwk_thumbprint(&s.instance.public);

    base64url_encode(jkt, (struct slice){ thumbprint.bytes, sizeof thumbprint.bytes });
    cr_assert_eq(ask("/check/unlock", good), 204, "%s", s.body);
    cr_expect_str_eq(s.body, "");
    cr_expect(slice_is(site_header(s.head, "Vouchsafe-Client-Id"), "app"));
    cr_expect(slice_is(site_header(s.head, "Vouchsafe-Jkt"), jkt));
    cr_expect(slice_is(site_header(s.head, "Vouchsafe-Coverage"), "0.9375"));
    cr_expect(slice_is(site_header(s.head, "Vouchsafe-Streak"), "2"));
    cr_expect(slice_is(site_header(s.head, "Vouchsafe-Status"), "affirming"));
    cr_expect_eq(ask("/check?policy=look", (struct ask){ .token.sub = "other" }), 204);
    cr_expect(slice_is(site_header(s.head, "Vouchsafe-Client-Id"), "other"));
    cr_expect_eq(site_logged(&s, "\"policy\":\"look\"", "accepted"), 1);
}

Test(check, by_any_method)
{
    static const char *const methods[] = { "GET", "POST", "HEAD", "PUT", "DELETE", "PATCH" };

    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        cr_expect_eq(ask("/check/look", (struct ask){ .method = methods[i] }), 204, "%s",
                     methods[i]);
}

Test(check, a_proof_serves_once)
{
    const struct ask same = { .proof.id = "same" };

    cr_expect_eq(ask("/check/look", same), 204);
    cr_expect_eq(ask("/check/look", same), 401);
    cr_expect(site_says(&s, "invalid_client_attestation"));
}

Test(check, a_token_of_limited_use_serves_once)
{
    const struct ask once = { .token = { .sub = "once", .id = "one" }, .no_proof = true };
    const struct ask next = { .token = { .sub = "once", .id = "two" }, .no_proof = true };

    cr_expect_eq(ask("/check/look", once), 204);
    cr_expect_eq(ask("/check/look", once), 401);
    cr_expect(site_says(&s, "use_fresh_attestation"));
    cr_expect_eq(ask("/check/look", next), 204);
}

Test(check, a_challenge_comes_with_the_refusal_and_serves)
{
    struct ask a = { .token.sub = "asked" };
    char challenge[128];

    cr_expect_eq(ask("/check/look", a), 401);
    cr_expect(site_says(&s, "use_attestation_challenge"));
    struct slice sent = site_header(s.head, ATTESTATION_CHALLENGE_HEADER);
    cr_assert_eq(slice_copy_text(sent, challenge, sizeof challenge), ST_OK);
    a.proof.challenge = challenge;
    cr_expect_eq(ask("/check/look", a), 204, "%s", s.body);
}

Test(check, dpop_needs_a_trusted_proxy_that_says_what_it_is_about)
{
    struct ask a = { .token.sub = "dpop",
                     .no_proof = true,
                     .with_dpop = true,
                     .original_method = "POST",
                     .original_uri = "/locks/1?verbose" };

    cr_expect_eq(ask("/check/look", a), 401);
    cr_expect(site_says(&s, "invalid_dpop_proof"), "not from anybody: %s", s.body);
    site_trust_peers(&s);
    cr_expect_eq(ask("/check/look", a), 204, "%s", s.body);
    cr_expect_eq(site_logged(&s, "\"method\":\"POST\",\"path\":\"/locks/1\"", "accepted"), 1);
    a.original_uri = "/locks/2";
    cr_expect_eq(ask("/check/look", a), 401);
    a.original_uri = "/locks/1";
    a.original_method = "GET";
    cr_expect_eq(ask("/check/look", a), 401);
    cr_expect(hints("DPoP algs=\"ES256 EdDSA\", error=\"invalid_dpop_proof\""));
    a.original_method = NULL;
    cr_expect_eq(ask("/check/look", a), 401);
    a.original_method = "POST";
    a.dpop.nonce = "made up";
    cr_expect_eq(ask("/check/look", a), 401);
    cr_expect(site_says(&s, "use_dpop_nonce"));
    cr_assert_not_null(site_header(s.head, DPOP_NONCE_HEADER).data);
    char nonce[128];
    cr_assert_eq(slice_copy_text(site_header(s.head, DPOP_NONCE_HEADER), nonce, sizeof nonce),
                 ST_OK);
    a.dpop.nonce = nonce;
    cr_expect_eq(ask("/check/look", a), 204, "%s", s.body);
}

Test(check, envoy_puts_the_path_behind_its_prefix)
{
    struct ask a = { .token.sub = "dpop", .no_proof = true, .with_dpop = true, .method = "POST" };

    site_trust_peers(&s);
    cr_expect_eq(ask("/check/envoy/locks/2", a), 401);
    cr_expect_eq(ask("/check/envoy", a), 401);
    cr_expect_eq(ask("/check/envoy/", a), 401);
    cr_expect_eq(ask("/check/envoy/locks/1?x=y", a), 204, "%s", s.body);
    a.dpop.url = ORIGIN "/";
    cr_expect_eq(ask("/check/envoy/", a), 204, "%s", s.body);
    cr_expect_eq(ask("/checks", a), 404);
}
