#include "par.h"

#include "site.h"

/* RFC 7636 appendix B. */
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
#define PUSH      "response_type=code&client_id=app&code_challenge_method=S256&code_challenge=" CHALLENGE

static struct site s;

static void close_site(void)
{
    site_close(&s);
}

static unsigned open_uri(const char *client_id, const char *request_uri)
{
    char target[2048];
    struct writer w = writer_over(target, sizeof target - 1);

    writer_text(&w, "/authorize?");
    struct writer query = writer_over(target + w.len, sizeof target - w.len - 1);
    form_append(&query, "client_id", slice_of(client_id));
    form_append(&query, "request_uri", slice_of(request_uri));
    target[w.len + query.len] = '\0';
    return site_get(&s, target);
}

static void expect_location(const char *after_base)
{
    struct slice location = site_header(s.head, "Location");
    char want[2048];

    snprintf(want, sizeof want, "http://127.0.0.1:%u%s", s.upstream_port, after_base);
    cr_expect(slice_is(location, want), "%.*s", (int)location.len, location.data);
}

static void open_own(void)
{
    site_open(&s, SITE_BY_HAND, "");
}

TestSuite(own_par, .init = open_own, .fini = close_site);

Test(own_par, hands_out_a_request_uri_that_authorize_opens)
{
    char uri[256];

    cr_assert_eq(site_post(&s, "/par", PUSH "&state=a%23b%26c&client_secret=x"), 201, "%s", s.body);
    cr_expect_eq(s.asked, 0);
    site_member(&s, "request_uri", uri, sizeof uri);
    cr_expect(slice_starts_with(slice_of(uri), PUSHED_URI_PREFIX));
    cr_expect_not_null(strstr(s.body, "\"expires_in\":300"));
    for (int again = 0; again < 2; again++) {
        cr_expect_eq(open_uri("app", uri), 302, "%s", s.body);
        expect_location("/auth?" PUSH "&state=a%23b%26c");
    }
}

Test(own_par, other_uris_and_clients_are_refused_and_never_redirected)
{
    char uri[256];

    cr_assert_eq(site_post(&s, "/par", PUSH), 201);
    site_member(&s, "request_uri", uri, sizeof uri);
    cr_expect_eq(open_uri("other", uri), 400);
    cr_expect_null(site_header(s.head, "Location").data);
    cr_expect_eq(open_uri("nobody", uri), 400);
    cr_expect_eq(open_uri("app", PUSHED_URI_PREFIX "made-up"), 400);
    cr_expect_eq(open_uri("app", "https://evil.example/"), 400);
    cr_expect_eq(open_uri("app", ""), 400);
    cr_expect_eq(site_get(&s, "/authorize"), 400);
    cr_expect_eq(site_get(&s, "/authorize?" PUSH), 400);
    cr_expect_eq(site_get(&s, "/authorize?client_id=app&client_id=app&request_uri=x"), 400);
    cr_expect_eq(open_uri("app", uri), 302);
}

Test(own_par, a_request_uri_expires)
{
    char uri[256];

    cr_assert_eq(site_post(&s, "/par", PUSH), 201);
    site_member(&s, "request_uri", uri, sizeof uri);
    s.steady += 300 * 1000 - 1;
    cr_expect_eq(open_uri("app", uri), 302);
    s.steady += 1;
    cr_expect_eq(open_uri("app", uri), 400);
}

Test(own_par, a_challenge_of_another_instance_is_refused)
{
    cr_assert_eq(site_post(&s, "/par", PUSH), 201);
    cr_expect_eq(site_post_as(&s, &s.stranger, "/par", PUSH, NULL, 0), 400);
    cr_expect(site_says(&s, "invalid_request"));
    cr_expect_eq(site_post(&s, "/par", PUSH), 201, "its owner may push again");
}

static void fill(char *form, size_t len)
{
    size_t at = (size_t)snprintf(form, len + 1, "%s&x=", PUSH);

    memset(form + at, 'x', len - at);
    form[len] = '\0';
}

Test(own_par, what_would_make_too_long_an_address_is_refused)
{
    static char form[PUSHED_QUERY_MAX + 2];

    fill(form, PUSHED_QUERY_MAX);
    cr_expect_eq(site_post(&s, "/par", form), 201);
    fill(form, PUSHED_QUERY_MAX + 1);
    cr_expect_eq(site_post(&s, "/par", form), 413);
}

static void open_upstream(void)
{
    site_open(&s, SITE_BY_HAND_WITH_PAR, "auth_method = \"client_secret_post\"");
    s.par = (struct site_reply){ 201,
                                 "application/json",
                                 "{\"expires_in\":60,\"request_uri\":\"urn:up:1&2\",\"x\":1}",
                                 { "DPoP-Nonce", SLICE_LIT("n") } };
}

TestSuite(upstream_par, .init = open_upstream, .fini = close_site);

Test(upstream_par, is_used_and_its_request_uri_recorded)
{
    cr_expect_eq(open_uri("app", "urn:up:1&2"), 400, "not pushed yet");
    cr_assert_eq(site_post(&s, "/par", PUSH), 201, "%s", s.body);
    cr_expect_eq(s.asked, 1);
    cr_expect_str_eq(s.seen_target, "/par");
    cr_expect(slice_starts_with(slice_of(s.seen_body), PUSH "&client_secret=a%20client"));
    cr_expect_null(site_header(s.seen_head, "Authorization").data);
    cr_expect_str_eq(s.body, s.par.body);
    cr_expect(slice_is(site_header(s.head, "DPoP-Nonce"), "n"));
    cr_expect_eq(open_uri("other", "urn:up:1&2"), 400);
    cr_expect_eq(open_uri("app", "urn:up:1&2"), 302);
    expect_location("/auth?client_id=app&request_uri=urn%3Aup%3A1%262");
    s.steady += 60 * 1000;
    cr_expect_eq(open_uri("app", "urn:up:1&2"), 400, "it has expired");
}

Test(upstream_par, its_refusals_come_back_unchanged)
{
    s.par.code = 400;
    s.par.body = "{\"error\":\"invalid_request\",\"request_uri\":\"urn:up:1&2\"}";
    cr_expect_eq(site_post(&s, "/par", PUSH), 400);
    cr_expect_str_eq(s.body, s.par.body);
    cr_expect_eq(open_uri("app", "urn:up:1&2"), 400);
}

Test(upstream_par, nonsense_from_it_is_a_bad_gateway)
{
    static const char *const bodies[] = {
        "",
        "[]",
        "{}",
        "{\"request_uri\":\"urn:x\"}",
        "{\"request_uri\":\"urn:x\",\"expires_in\":0}",
        "{\"request_uri\":\"urn:x\",\"expires_in\":\"60\"}",
        "{\"request_uri\":\"\",\"expires_in\":60}",
        "{\"request_uri\":\"urn:x\",\"request_uri\":\"urn:y\",\"expires_in\":60}",
    };

    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        s.par.body = bodies[i];
        cr_expect_eq(site_post(&s, "/par", PUSH), 502, "%s", bodies[i]);
        cr_expect(site_says(&s, "server_error"));
    }
}
