#include "token.h"

#include "site.h"

#define CLIENT      "grants = {\"authorization_code\", \"refresh_token\", \"client_credentials\"}\n"
#define CREDENTIALS "grant_type=client_credentials&client_id=app"

/* RFC 7636 appendix B. */
#define VERIFIER  "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
#define PUSH                                                                                       \
    "response_type=code&client_id=app&state=s&code_challenge_method=S256&code_"                    \
    "challenge=" CHALLENGE
#define EXCHANGE "grant_type=authorization_code&client_id=app&code=c&code_verifier=" VERIFIER

static struct site s;

static void open_site(void)
{
    site_open(&s, SITE_BY_HAND, CLIENT);
    s.token = (struct site_reply){
        200, "application/json", "{\"access_token\":\"t\"}", { NULL, { NULL, 0 } }
    };
}

static void close_site(void)
{
    site_close(&s);
}

TestSuite(token, .init = open_site, .fini = close_site);

Test(token, without_a_good_token_nothing_reaches_upstream)
{
    static const struct http1_header form = { SLICE_LIT("Content-Type"),
                                              SLICE_LIT("application/x-www-form-urlencoded") };

    cr_expect_eq(site_send(&s, "POST", "/token", &form, 1, CREDENTIALS), 400);
    cr_expect(site_says(&s, "invalid_client"));
    cr_expect_eq(site_send(&s, "POST", "/token", NULL, 0, CREDENTIALS), 400);
    cr_expect(site_says(&s, "invalid_request"), "no content type");
    cr_expect_eq(site_post(&s, "/token", CREDENTIALS "&scope=a&scope=a"), 400);
    cr_expect(site_says(&s, "invalid_request"), "a parameter twice");
    cr_expect_eq(site_post(&s, "/token", CREDENTIALS "&Scope=a"), 400);
    cr_expect_eq(site_post(&s, "/token", "grant_type=password&client_id=app"), 400);
    cr_expect(site_says(&s, "unauthorized_client"));
    cr_expect_eq(s.asked, 0);
}

Test(token, a_grant_is_forwarded_with_our_authentication_alone)
{
    static const struct http1_header sent[] = {
        { SLICE_LIT("Authorization"), SLICE_LIT("Basic YXBwOndyb25n") },
        { SLICE_LIT("Cookie"), SLICE_LIT("a=b") },
        { SLICE_LIT("Forwarded"), SLICE_LIT("for=1.2.3.4") },
        { SLICE_LIT("X-Forwarded-For"), SLICE_LIT("1.2.3.4") },
        { SLICE_LIT("X-Forwarded-Host"), SLICE_LIT("evil.example") },
        { SLICE_LIT("Client-Cert"), SLICE_LIT(":AAAA:") },
        { SLICE_LIT("DPoP"), SLICE_LIT("a.b.c") },
        { SLICE_LIT("Accept"), SLICE_LIT("application/json") },
        { SLICE_LIT("X-Invented"), SLICE_LIT("tomorrow") },
    };
    static const char *const gone[] = { "Cookie",           "Forwarded",
                                        "X-Forwarded-For",  "X-Forwarded-Host",
                                        "Client-Cert",      "X-Invented",
                                        ATTESTATION_HEADER, ATTESTATION_POP_HEADER };
    const char *form = CREDENTIALS "&client_secret=mine&x=%7e+y&client_assertion=a";

    cr_assert_eq(site_post_as(&s, &s.instance, "/token", form, sent, 9), 200, "%s", s.body);
    cr_expect_str_eq(s.body, "{\"access_token\":\"t\"}");
    cr_expect_str_eq(s.seen_body, CREDENTIALS "&x=%7e+y");
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
        cr_expect_null(site_header(s.seen_head, gone[i]).data, "%s", gone[i]);
    cr_expect(slice_starts_with(site_header(s.seen_head, "Authorization"), "Basic YXBwOmE"));
    cr_expect_eq(strstr(strcasestr(s.seen_head, "authorization:") + 1, "uthorization:"),
                 strcasestr(s.seen_head, "authorization:") + 1, "one only");
    cr_expect(slice_is(site_header(s.seen_head, "DPoP"), "a.b.c"));
    cr_expect(slice_is(site_header(s.seen_head, "Accept"), "application/json"));
    cr_expect_eq(site_logged(&s, "\"gate\"", "\"accepted\""), 1);
}

Test(token, upstreams_refusals_come_back_unchanged)
{
    s.token = (struct site_reply){ 401,
                                   "application/json;charset=utf-8",
                                   "{\"error\":\"x\"}",
                                   { "WWW-Authenticate", SLICE_LIT("DPoP error=\"y\"") } };
    cr_expect_eq(site_post(&s, "/token", CREDENTIALS), 401);
    cr_expect_str_eq(s.body, "{\"error\":\"x\"}");
    cr_expect(slice_is(site_header(s.head, "Content-Type"), "application/json;charset=utf-8"));
    cr_expect(slice_is(site_header(s.head, "WWW-Authenticate"), "DPoP error=\"y\""));
}

Test(token, a_proof_is_good_once)
{
    struct text token = mint_token(&(struct token_wish){
        .secret = configured_secret(), .kid = s.c.kid, .instance = &s.instance });
    struct text proof = mint_proof(&(struct proof_wish){ .instance = &s.instance });
    const struct http1_header headers[] = {
        { SLICE_LIT("Content-Type"),
          SLICE_LIT("Application/X-WWW-Form-Urlencoded; charset=utf-8") },
        { SLICE_LIT(ATTESTATION_HEADER), slice_of(token.bytes) },
        { SLICE_LIT(ATTESTATION_POP_HEADER), slice_of(proof.bytes) },
    };

    cr_expect_eq(site_send(&s, "POST", "/token", headers, 3, CREDENTIALS), 200);
    cr_expect_eq(site_send(&s, "POST", "/token", headers, 3, CREDENTIALS), 400);
    cr_expect(site_says(&s, "invalid_client_attestation"));
    cr_expect_eq(s.asked, 1);
    cr_expect_eq(site_logged(&s, "\"refused\"", "used before"), 1);
}

Test(token, a_code_needs_a_push_by_the_same_instance_and_is_forwarded_once)
{
    cr_expect_eq(site_post(&s, "/token", EXCHANGE), 400);
    cr_expect(site_says(&s, "invalid_grant"), "nothing was pushed");
    cr_assert_eq(site_post(&s, "/par", PUSH), 201, "%s", s.body);
    cr_expect_eq(site_post_as(&s, &s.stranger, "/token", EXCHANGE, NULL, 0), 400);
    cr_expect(site_says(&s, "invalid_grant"), "another instance's");
    cr_expect_eq(s.asked, 0);
    cr_expect_eq(site_post(&s, "/token", EXCHANGE), 200, "%s", s.body);
    cr_expect_str_eq(s.seen_body, EXCHANGE);
    cr_expect_eq(site_post(&s, "/token", EXCHANGE), 400);
    cr_expect(site_says(&s, "invalid_grant"), "used");
    cr_expect_eq(s.asked, 1);
}

Test(token, a_code_that_was_not_written_may_be_sent_again)
{
    cr_assert_eq(site_post(&s, "/par", PUSH), 201);
    http_server_free(s.upstream);
    s.upstream = NULL;
    cr_expect_eq(site_post(&s, "/token", EXCHANGE), 503);
    cr_expect(site_says(&s, "temporarily_unavailable"));
    cr_expect(slice_is(site_header(s.head, "Retry-After"), "1"));
    cr_expect_eq(site_post(&s, "/token", EXCHANGE), 503, "still his: %s", s.body);
    cr_expect_eq(site_post_as(&s, &s.stranger, "/token", EXCHANGE, NULL, 0), 400);
}

Test(token, a_refusal_says_nothing_of_its_reason)
{
    char id[64];

    cr_expect_eq(site_post_as(&s, &s.stranger, "/token", EXCHANGE, NULL, 0), 400);
    site_member(&s, "error_id", id, sizeof id);
    cr_expect_eq(site_logged(&s, id, "\"verdict\":\"refused\""), 1, "one line in the audit log");
    cr_expect_eq(site_logged(&s, id, "no /par with this code_verifier"), 1);
    cr_expect_null(strstr(s.body, "verifier"));
}

/* --- DPoP as the proof for us, and beyond us --- */

static unsigned post_with_dpop(void)
{
    struct text token = mint_token(&(struct token_wish){
        .secret = configured_secret(), .kid = s.c.kid, .instance = &s.instance });
    struct text dpop = mint_dpop(&(struct dpop_wish){ .instance = &s.instance });
    const struct http1_header headers[] = {
        { SLICE_LIT("Content-Type"), SLICE_LIT("application/x-www-form-urlencoded") },
        { SLICE_LIT(ATTESTATION_HEADER), slice_of(token.bytes) },
        { SLICE_LIT(DPOP_HEADER), slice_of(dpop.bytes) },
    };

    s.token = (struct site_reply){
        200, "application/json", "{}", { DPOP_NONCE_HEADER, SLICE_LIT("upstreams") }
    };
    return site_send(&s, "POST", "/token", headers, 3, CREDENTIALS);
}

static void open_dpop(void)
{
    site_open(&s, SITE_BY_HAND, CLIENT "possession = \"dpop\"\n");
}

TestSuite(token_dpop, .init = open_dpop, .fini = close_site);

Test(token_dpop, a_proof_for_us_ends_here)
{
    cr_assert_eq(post_with_dpop(), 200, "%s", s.body);
    cr_expect_null(site_header(s.seen_head, DPOP_HEADER).data);
    cr_expect_null(site_header(s.head, DPOP_NONCE_HEADER).data, "it would be taken for ours");
}

static void open_dpop_forwarding(void)
{
    site_open(&s, SITE_BY_HAND " forward_dpop = true\n", CLIENT "possession = \"dpop\"\n");
}

TestSuite(token_dpop_forwarded, .init = open_dpop_forwarding, .fini = close_site);

Test(token_dpop_forwarded, a_proof_goes_on_where_upstream_takes_our_url)
{
    cr_assert_eq(post_with_dpop(), 200, "%s", s.body);
    cr_expect_not_null(site_header(s.seen_head, DPOP_HEADER).data);
    cr_expect(slice_is(site_header(s.head, DPOP_NONCE_HEADER), "upstreams"));
}

/* --- an upstream that judges the attestation, too --- */

static char upstreams_issuer[64];

static void open_forwarding(void)
{
    site_open(&s, SITE_BY_HAND, CLIENT "forward_attestation = true\n");
    snprintf(upstreams_issuer, sizeof upstreams_issuer, "http://127.0.0.1:%u", s.upstream_port);
    s.audience = upstreams_issuer;
    s.token =
        (struct site_reply){ 200,
                             "application/json",
                             "{}",
                             { ATTESTATION_CHALLENGE_HEADER, SLICE_LIT("for-the-next-time") } };
}

TestSuite(token_forwarded, .init = open_forwarding, .fini = close_site);

static unsigned post_proof(const struct proof_wish *wish, const char *form)
{
    struct text token = mint_token(&(struct token_wish){
        .secret = configured_secret(), .kid = s.c.kid, .instance = &s.instance });
    struct text proof = mint_proof(wish);
    const struct http1_header headers[] = {
        { SLICE_LIT("Content-Type"), SLICE_LIT("application/x-www-form-urlencoded") },
        { SLICE_LIT(ATTESTATION_HEADER), slice_of(token.bytes) },
        { SLICE_LIT(ATTESTATION_POP_HEADER), slice_of(proof.bytes) },
    };

    return site_send(&s, "POST", "/token", headers, 3, form);
}

Test(token_forwarded, token_and_proof_go_on_beside_the_secret)
{
    cr_assert_eq(site_post(&s, "/token", CREDENTIALS), 200, "%s", s.body);
    cr_expect_not_null(site_header(s.seen_head, ATTESTATION_HEADER).data);
    cr_expect_not_null(site_header(s.seen_head, ATTESTATION_POP_HEADER).data);
    cr_expect(slice_starts_with(site_header(s.seen_head, "Authorization"), "Basic "));
    cr_expect(slice_is(site_header(s.head, ATTESTATION_CHALLENGE_HEADER), "for-the-next-time"));
}

/* The gate stays before it, and the proof must be one that upstream can take. */
Test(token_forwarded, nothing_bad_goes_on)
{
    s.audience = MINT_ISSUER;
    cr_expect_eq(site_post(&s, "/token", CREDENTIALS), 400);
    cr_expect_eq(site_logged(&s, "\"refused\"", "aud is not who was asked"), 1);
    struct proof_wish wish = { .instance = &s.stranger, .audience = upstreams_issuer };
    cr_expect_eq(post_proof(&wish, CREDENTIALS), 400);
    cr_expect_eq(s.asked, 0);
}

Test(token_forwarded, a_challenge_in_the_proof_is_upstreams)
{
    struct proof_wish wish = { .instance = &s.instance,
                               .audience = upstreams_issuer,
                               .challenge = "nothing that we issued" };

    cr_expect_eq(post_proof(&wish, CREDENTIALS), 200, "%s", s.body);
    cr_expect_eq(s.asked, 1);
}

/* Upstream has not looked at the code yet when it asks for its challenge. */
Test(token_forwarded, a_code_survives_that_upstream_wants_its_challenge_first)
{
    cr_assert_eq(site_post(&s, "/par", PUSH), 201, "%s", s.body);
    s.token.code = 400;
    s.token.body = "{\"error\":\"use_attestation_challenge\"}";
    cr_expect_eq(site_post(&s, "/token", EXCHANGE), 400);
    cr_expect_str_eq(s.body, s.token.body);
    cr_expect(slice_is(site_header(s.head, ATTESTATION_CHALLENGE_HEADER), "for-the-next-time"));
    cr_expect_eq(site_post_as(&s, &s.stranger, "/token", EXCHANGE, NULL, 0), 400);
    cr_expect(site_says(&s, "invalid_grant"), "it is still one instance's");
    s.token.code = 200;
    s.token.body = "{}";
    cr_expect_eq(site_post(&s, "/token", EXCHANGE), 200, "%s", s.body);
    cr_expect_eq(site_post(&s, "/token", EXCHANGE), 400, "and then used");
}

Test(token_forwarded, a_code_does_not_survive_any_other_refusal)
{
    cr_assert_eq(site_post(&s, "/par", PUSH), 201, "%s", s.body);
    s.token.code = 400;
    s.token.body = "{\"error\":\"invalid_grant\"}";
    cr_expect_eq(site_post(&s, "/token", EXCHANGE), 400);
    cr_expect_eq(site_post(&s, "/token", EXCHANGE), 400);
    cr_expect_eq(s.asked, 1);
}

/* Without the setting upstream's challenge would be taken for ours. */
Test(token, an_attestation_ends_here)
{
    s.token.header = (struct http_header_field){ ATTESTATION_CHALLENGE_HEADER, SLICE_LIT("x") };
    cr_assert_eq(site_post(&s, "/token", CREDENTIALS), 200, "%s", s.body);
    cr_expect_null(site_header(s.seen_head, ATTESTATION_HEADER).data);
    cr_expect_null(site_header(s.seen_head, ATTESTATION_POP_HEADER).data);
    cr_expect_null(site_header(s.head, ATTESTATION_CHALLENGE_HEADER).data);
}
