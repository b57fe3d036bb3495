#include "front.h"

#include "site.h"

#define ASK "grant_type=client_credentials&client_id=app"

/* The client is one of the second upstream. */
#define TWO                                                                                        \
    "prefix = \"/one\"\n" SITE_BY_HAND "}\n"                                                       \
    "upstream \"bs\" {\n issuer = \"https://b.example\"\n prefix = \"/realms/two\"\n"              \
    " discovery = false\n token_endpoint = \"BASE/other/token\"\n"

static struct site s;

static void open_site(void)
{
    site_open(&s, TWO, "upstream = \"bs\"\n grants = {\"client_credentials\"}\n");
    s.other = (struct site_reply){ 200, "application/json", "{}", { NULL, { NULL, 0 } } };
    s.audience = MINT_ISSUER "/realms/two";
}

static void close_site(void)
{
    site_close(&s);
}

TestSuite(front, .init = open_site, .fini = close_site);

Test(front, paths_that_mean_nothing)
{
    static const char *const paths[] = {
        "/",
        "/token",
        "/one",
        "/one/",
        "/one/tokens",
        "/one/token/",
        "/two/token",
        "/realms/token",
        "/realms/two/one/token",
        "/one/realms/two/token",
        "//one/token",
        "/one/../one/token",
        "/%6fne/token",
        "/ONE/token",
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/",
        "/.well-known/oauth-authorization-server/realms",
        "/.well-known/oauth-authorization-server/one/token",
        "/.well-known/token/one",
        "/token/one",
    };

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        cr_expect_eq(site_get(&s, paths[i]), 404, "%s", paths[i]);
        cr_expect(site_says(&s, "not_found"), "%s", s.body);
        cr_expect(slice_is(site_header(s.head, "Content-Type"), "application/json"));
        cr_expect_eq(site_post(&s, paths[i], ASK), 404, "%s", paths[i]);
    }
    cr_expect_eq(s.asked, 0);
}

Test(front, another_method)
{
    cr_expect_eq(site_get(&s, "/realms/two/token"), 405);
    cr_expect(slice_is(site_header(s.head, "Allow"), "POST"));
    cr_expect_eq(site_post(&s, "/one/authorize", ""), 405);
    cr_expect(slice_is(site_header(s.head, "Allow"), "GET"));
}

Test(front, each_upstream_has_its_own_clients)
{
    cr_expect_eq(site_post(&s, "/one/token", ASK), 400);
    cr_expect(site_says(&s, "invalid_client_attestation"), "%s", s.body);
    cr_expect_eq(site_logged(&s, "unknown client", "\"token\""), 1);
    s.audience = MINT_ISSUER "/one";
    cr_expect_eq(site_post(&s, "/one/token", ASK), 400);
    cr_expect_eq(s.asked, 0);
    s.audience = MINT_ISSUER "/realms/two";
    cr_expect_eq(site_post(&s, "/realms/two/token", ASK), 200);
    cr_expect_str_eq(s.seen_target, "/other/token");
}

Test(front, each_upstream_is_an_audience_of_its_own)
{
    static const char *const wrong[] = { MINT_ISSUER, MINT_ISSUER "/one",
                                         MINT_ISSUER "/realms/two/", "https://b.example" };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        s.audience = wrong[i];
        cr_expect_eq(site_post(&s, "/realms/two/token", ASK), 400, "%s", wrong[i]);
        cr_expect(site_says(&s, "invalid_client_attestation"));
    }
    cr_expect_eq(s.asked, 0);
}

/* RFC 8414 §3.1 before the prefix, OpenID Connect Discovery 1.0 §4 after it; some clients
 * look for either document in either way. */
Test(front, metadata)
{
    static const char *const places[] = {
        "/.well-known/oauth-authorization-server/realms/two",
        "/.well-known/openid-configuration/realms/two",
        "/realms/two/.well-known/oauth-authorization-server",
        "/realms/two/.well-known/openid-configuration",
    };

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        cr_expect_eq(site_get(&s, places[i]), 200, "%s", places[i]);
        cr_expect_not_null(strstr(s.body, "\"issuer\":\"" MINT_ISSUER "/realms/two\""));
        cr_expect_not_null(
            strstr(s.body, "\"token_endpoint\":\"" MINT_ISSUER "/realms/two/token\""));
        cr_expect_null(strstr(s.body, "authorization_endpoint"), "that of the other one");
    }
    cr_expect_eq(site_get(&s, "/.well-known/oauth-authorization-server/one"), 200);
    cr_expect_not_null(strstr(s.body, "\"authorization_endpoint\":\"" MINT_ISSUER "/one/auth"));
}

Test(front, a_challenge_is_had_below_each_prefix)
{
    cr_expect_eq(site_post(&s, "/one/challenge", ""), 200);
    cr_expect_eq(site_post(&s, "/realms/two/challenge", ""), 200);
    cr_expect_eq(site_post(&s, "/challenge", ""), 404);
}
