#include "forward.h"

#include "site.h"

#define CLIENT "grants = {\"client_credentials\"}\n auth_method = \"client_secret_post\"\n"
#define ASK    "grant_type=client_credentials&client_id=app"

static struct site s;

static void open_site(void)
{
    site_open(&s, SITE_BY_HAND "forwarded = true\n", CLIENT);
    s.token = (struct site_reply){ 200, "application/json", "{}", { NULL, { NULL, 0 } } };
}

static void close_site(void)
{
    site_close(&s);
}

TestSuite(forward, .init = open_site, .fini = close_site);

Test(forward, our_host_is_told_where_configured_and_never_the_clients_word_for_it)
{
    static const struct http1_header sent[] = {
        { SLICE_LIT("X-Forwarded-Host"), SLICE_LIT("evil.example") },
        { SLICE_LIT("X-Forwarded-Proto"), SLICE_LIT("http") },
    };

    cr_expect_eq(site_post_as(&s, &s.instance, "/token", ASK, sent, 2), 200);
    cr_expect(slice_is(site_header(s.seen_head, "X-Forwarded-Host"), "auth.example"));
    cr_expect(slice_is(site_header(s.seen_head, "X-Forwarded-Proto"), "https"));
    cr_expect_null(strstr(s.seen_head, "evil.example"));
}

Test(forward, the_secret_goes_into_the_form_alone)
{
    static const struct http1_header basic = { SLICE_LIT("Authorization"),
                                               SLICE_LIT("Basic YXBwOndyb25n") };

    cr_expect_eq(site_post_as(&s, &s.instance, "/token", "client_secret=no&" ASK, &basic, 1), 200);
    cr_expect(slice_starts_with(slice_of(s.seen_body), ASK "&client_secret=a%20client%20secret"));
    cr_expect_null(strstr(s.seen_body, "client_secret=no"));
    cr_expect_null(site_header(s.seen_head, "Authorization").data);
}

Test(forward, the_codes_and_types_of_answers_are_kept)
{
    static const struct site_reply replies[] = {
        { 200, "application/json", "", { NULL, { NULL, 0 } } },
        { 400, "text/html; charset=\"x\"", "<html>", { NULL, { NULL, 0 } } },
        { 429, NULL, "later", { "Retry-After", SLICE_LIT("17") } },
        { 500, "application/problem+json", "{}", { "DPoP-Nonce", SLICE_LIT("n") } },
        { 302, NULL, "", { "Content-Language", SLICE_LIT("en") } },
    };

    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
        s.token = replies[i];
        cr_expect_eq(site_post(&s, "/token", ASK), replies[i].code);
        cr_expect_str_eq(s.body, replies[i].body);
        cr_expect(slice_equal(site_header(s.head, "Content-Type"), slice_of(replies[i].type)));
        if (replies[i].header.name)
            cr_expect(
                slice_equal(site_header(s.head, replies[i].header.name), replies[i].header.value),
                "%s", replies[i].header.name);
    }
}

Test(forward, headers_that_are_upstreams_own_stay_there)
{
    static const char *const names[] = { "Set-Cookie",
                                         "Location",
                                         "Server",
                                         "X-Powered-By",
                                         "Access-Control-Allow-Origin",
                                         "Strict-Transport-Security" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        s.token.header = (struct http_header_field){ names[i], SLICE_LIT("value-of-it") };
        cr_expect_eq(site_post(&s, "/token", ASK), 200);
        cr_expect_null(strstr(s.head, "value-of-it"), "%s", names[i]);
    }
}
