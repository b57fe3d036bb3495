#include "relayed.h"

#include "site.h"

#define ENDPOINTS                                                                                  \
    "device_authorization_endpoint = \"BASE/other/device\"\n"                                      \
    "revocation_endpoint = \"BASE/other/revoke\"\n"                                                \
    "introspection_endpoint = \"BASE/other/introspect\"\n"
#define CLIENT "grants = {\"urn:ietf:params:oauth:grant-type:device_code\"}\n scopes = {\"a\"}\n"

#define ANSWER "{\"device_code\":\"d\",\"expires_in\":60,\"x\":1}"

static struct site s;

static void open_site(void)
{
    site_open(&s, SITE_BY_HAND ENDPOINTS, CLIENT);
    s.other = (struct site_reply){ 200, "application/json", ANSWER, { NULL, { NULL, 0 } } };
}

static void close_site(void)
{
    site_close(&s);
}

TestSuite(relayed, .init = open_site, .fini = close_site);

static const struct {
    const char *path, *at, *form;
} endpoints[] = {
    { "/device_authorization", "/other/device", "client_id=app&scope=a" },
    { "/revoke", "/other/revoke", "token=t&client_id=app&token_type_hint=access_token" },
    { "/introspect", "/other/introspect", "client_id=app&token=t%2b+" },
};

#define EACH(i) for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++)

Test(relayed, without_an_attestation_nothing_reaches_upstream)
{
    static const struct http1_header form = { SLICE_LIT("Content-Type"),
                                              SLICE_LIT("application/x-www-form-urlencoded") };

    EACH(i)
    {
        cr_expect_eq(site_send(&s, "POST", endpoints[i].path, &form, 1, endpoints[i].form), 400);
        cr_expect(site_says(&s, "invalid_client"));
        cr_expect_eq(site_get(&s, endpoints[i].path), 405);
    }
    cr_expect_eq(s.asked, 0);
}

Test(relayed, what_the_client_may_not_ask)
{
    static const struct {
        const char *path, *form, *error;
    } rows[] = {
        { "/device_authorization", "client_id=app&scope=b", "invalid_scope" },
        { "/device_authorization", "client_id=app", "invalid_scope" },
        { "/revoke", "client_id=app", "invalid_request" },
        { "/introspect", "client_id=app&token=", "invalid_request" },
        { "/introspect", "client_id=app&token=a&Token=b", "invalid_request" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_eq(site_post(&s, rows[i].path, rows[i].form), 400);
        cr_expect(site_says(&s, rows[i].error), "%s: %s", rows[i].form, s.body);
    }
    cr_expect_eq(s.asked, 0);
}

Test(relayed, goes_on_with_our_authentication_alone)
{
    EACH(i)
    {
        char form[256];
        snprintf(form, sizeof form, "client_secret=mine&%s", endpoints[i].form);
        cr_expect_eq(site_post(&s, endpoints[i].path, form), 200);
        cr_expect_str_eq(s.seen_target, endpoints[i].at);
        cr_expect_str_eq(s.seen_body, endpoints[i].form);
        cr_expect(slice_starts_with(site_header(s.seen_head, "Authorization"), "Basic YXBwOm"));
        cr_expect_str_eq(s.body, ANSWER);
    }
}

/* RFC 7009 §2.2: 200, and what is in the body does not matter. */
Test(relayed, an_empty_answer_stays_empty)
{
    s.other = (struct site_reply){ 200, NULL, "", { NULL, { NULL, 0 } } };
    cr_expect_eq(site_post(&s, "/revoke", endpoints[1].form), 200);
    cr_expect_str_eq(s.body, "");
}

/* Until it expires, whoever else holds one can do no more than find out what it is not. */
Test(relayed, a_refresh_token_that_is_not_sealed_is_not_revoked)
{
    cr_expect_eq(site_post(&s, "/revoke", "client_id=app&token=t&token_type_hint=refresh_token"),
                 400);
    cr_expect(site_says(&s, "invalid_grant"), "%s", s.body);
    cr_expect_eq(s.asked, 0);
}
