#include "discovery.h"

#include "site.h"

static struct site s;
static char document[1024];

static void serve(const char *issuer_suffix, const char *more)
{
    snprintf(document, sizeof document,
             "{\"issuer\":\"http://127.0.0.1:%u%s\","
             "\"token_endpoint\":\"http://127.0.0.1:%u/token\"%s}",
             s.upstream_port, issuer_suffix, s.upstream_port, more);
    s.metadata = (struct site_reply){ 200, "application/json", document, { NULL, { NULL, 0 } } };
}

static void open_site(void)
{
    site_open(&s, "", "grants = {\"client_credentials\"}");
    s.token = (struct site_reply){ 200, "application/json", "{}", { NULL, { NULL, 0 } } };
}

static void close_site(void)
{
    site_close(&s);
}

TestSuite(discovery, .init = open_site, .fini = close_site);

#define ASK "grant_type=client_credentials&client_id=app"

Test(discovery, an_unusable_document_is_refused)
{
    static const struct {
        const char *issuer, *more;
    } rows[] = {
        { "/", "" },
        { "x", "" },
        { "", ",\"authorization_endpoint\":\"http://as.example/auth\"" },
        { "", ",\"authorization_endpoint\":\"javascript:alert(1)\"" },
        { "", ",\"authorization_endpoint\":7" },
        { "", ",\"token_endpoint\":\"http://127.0.0.1/twice\"" },
        { "", ",\"authorization_endpoint\":\"https://as.example/auth\"" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        serve(rows[i].issuer, rows[i].more);
        s.steady += 60000;
        cr_expect_eq(site_post(&s, "/token", ASK), 503, "%s %s", rows[i].issuer, rows[i].more);
        cr_expect(site_says(&s, "temporarily_unavailable"));
    }
    cr_expect_eq(s.asked, 0);
    serve("", "");
    s.steady += 60000;
    cr_expect_eq(site_post(&s, "/token", ASK), 200, "%s", s.body);
}

Test(discovery, a_server_that_is_down_is_not_asked_at_every_request)
{
    cr_expect_eq(site_post(&s, "/token", ASK), 503);
    cr_expect_eq(site_post(&s, "/token", ASK), 503);
    cr_expect_eq(s.metadata_asked, 1);
    s.steady += 1000;
    cr_expect_eq(site_post(&s, "/token", ASK), 503);
    cr_expect_eq(s.metadata_asked, 2);
    cr_expect_eq(site_logged(&s, "no metadata", "\"as\""), 2);
}

/* `ms` from now, and whether upstream is asked once they have passed, but not before. */
static void expect_hold_off(uint64_t ms)
{
    unsigned asked = s.metadata_asked;

    s.steady += ms - 1;
    cr_expect_eq(site_post(&s, "/token", ASK), 503);
    cr_expect_eq(s.metadata_asked, asked, "%u ms is too early", (unsigned)ms - 1);
    s.steady += 1;
    cr_expect_eq(site_post(&s, "/token", ASK), 503);
    cr_expect_eq(s.metadata_asked, asked + 1, "%u ms", (unsigned)ms);
}

Test(discovery, each_failure_holds_off_longer_up_to_a_bound)
{
    static const uint64_t waits[] = { 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000 };

    cr_expect_eq(site_post(&s, "/token", ASK), 503);
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++)
        expect_hold_off(waits[i]);
    serve("", "");
    s.steady += 60000;
    cr_expect_eq(site_post(&s, "/token", ASK), 200);
    s.metadata.code = 500;
    s.steady += 3600000;
    cr_expect_eq(site_post(&s, "/token", ASK), 200);
    for (int i = 0; i < 1000 && !site_logged(&s, "metadata kept", "\"retry_s\":1"); i++)
        event_base_loop(s.base, EVLOOP_ONCE);
    cr_expect_eq(site_logged(&s, "metadata kept", "\"age_s\":3600,\"retry_s\":1"), 1,
                 "a success begins anew");
}

/* Another issuer's document does not replace the good one. */
Test(discovery, what_is_refused_leaves_the_last_good_one_in_force)
{
    serve("", "");
    cr_expect_eq(site_post(&s, "/token", ASK), 200);
    serve("/other", ",\"token_endpoint_\":\"\"");
    s.steady += 3600000;
    cr_expect_eq(site_post(&s, "/token", ASK), 200);
    for (int i = 0; i < 1000 && !site_logged(&s, "metadata kept", "\"as\""); i++)
        event_base_loop(s.base, EVLOOP_ONCE);
    cr_expect_eq(site_logged(&s, "metadata refused", "denied"), 1);
    cr_expect_eq(site_post(&s, "/token", ASK), 200);
    cr_expect_eq(site_get(&s, "/.well-known/oauth-authorization-server"), 200);
}

Test(discovery, an_endpoint_that_cannot_be_used_is_left_out)
{
    serve("", ",\"revocation_endpoint\":\"http://as.example/revoke\","
              "\"introspection_endpoint\":\"http://127.0.0.1/introspect\"");
    cr_expect_eq(site_post(&s, "/token", ASK), 200, "and the rest works");
    cr_expect_eq(site_post(&s, "/revoke", "client_id=app&token=t"), 503);
    cr_expect_eq(site_logged(&s, "endpoint left out", "revocation_endpoint"), 1);
    cr_expect_eq(site_get(&s, "/.well-known/oauth-authorization-server"), 200);
    cr_expect_null(strstr(s.body, "revocation_endpoint"));
    cr_expect_not_null(strstr(s.body, "introspection_endpoint\":\"" MINT_ISSUER "/introspect\""));
}

Test(discovery, is_kept_and_refreshed)
{
    serve("", "");
    cr_expect_eq(s.metadata_asked, 0, "at first need");
    cr_expect_eq(site_post(&s, "/token", ASK), 200);
    s.steady += 3600 * 1000 - 1;
    cr_expect_eq(site_post(&s, "/token", ASK), 200);
    cr_expect_eq(s.metadata_asked, 1);
    s.steady += 1;
    cr_expect_eq(site_post(&s, "/token", ASK), 200, "nobody waits for the refresh");
    for (int i = 0; i < 1000 && s.metadata_asked < 2; i++)
        event_base_loop(s.base, EVLOOP_ONCE);
    cr_expect_eq(s.metadata_asked, 2);
}

Test(discovery, what_was_known_serves_while_it_cannot_be_refreshed)
{
    serve("", "");
    cr_expect_eq(site_post(&s, "/token", ASK), 200);
    s.metadata.code = 500;
    s.steady += 3600 * 1000;
    cr_expect_eq(site_post(&s, "/token", ASK), 200);
    cr_expect_eq(site_post(&s, "/token", ASK), 200);
}

Test(discovery, metadata_is_served_as_ours)
{
    serve("", ",\"jwks_uri\":\"https://as.example/jwks\"");
    cr_expect_eq(site_get(&s, "/.well-known/oauth-authorization-server"), 200);
    cr_expect_not_null(strstr(s.body, "\"token_endpoint\":\"" MINT_ISSUER "/token\""));
    cr_expect_not_null(strstr(s.body, "\"jwks_uri\":\"https://as.example/jwks\""));
}

Test(discovery, a_server_without_pkce_is_warned_of)
{
    static const struct {
        const char *more;
        unsigned warnings;
    } rows[] = {
        { ",\"authorization_endpoint\":\"http://127.0.0.1/a\"", 1 },
        { ",\"authorization_endpoint\":\"http://127.0.0.1/a\","
          "\"code_challenge_methods_supported\":[\"plain\"]",
          2 },
        { ",\"authorization_endpoint\":\"http://127.0.0.1/a\","
          "\"code_challenge_methods_supported\":[\"plain\",\"S256\"]",
          2 },
        { "", 2 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        serve("", rows[i].more);
        s.steady += 3600 * 1000;
        s.metadata_asked = 0;
        cr_expect_eq(site_post(&s, "/token", ASK), 200);
        for (int n = 0; n < 1000 && site_logged(&s, "\"metadata\"", "url") <= i; n++)
            event_base_loop(s.base, EVLOOP_ONCE);
        cr_expect_eq(site_logged(&s, "no PKCE", "\"as\""), rows[i].warnings, "%s", rows[i].more);
    }
}

/* --- waiters, seen from inside --- */

struct waiter {
    struct discovery_wait wait;
    unsigned fired;
    enum status st;
};

static void on_known(void *arg, enum status st)
{
    struct waiter *w = arg;

    w->fired++;
    w->st = st;
}

static void run_until(const struct waiter *w)
{
    for (int i = 0; i < 1000 && !w->fired; i++)
        event_base_loop(s.base, EVLOOP_ONCE);
}

Test(discovery, all_who_wait_are_told_once_and_one_question_is_asked)
{
    struct generation *g = generation_hold(&s.worker);
    struct discovery *d = generation_discovery(g, 0);
    struct waiter waiters[3] = { 0 }, late = { 0 };

    serve("", "");
    for (size_t i = 0; i < 3; i++)
        discovery_await(d, &waiters[i].wait, on_known, &waiters[i]);
    cr_expect_eq(waiters[0].fired, 0, "never before the call has returned");
    run_until(&waiters[0]);
    for (size_t i = 0; i < 3; i++)
        cr_expect(waiters[i].fired == 1 && waiters[i].st == ST_OK);
    cr_expect_eq(s.metadata_asked, 1);
    cr_expect_not_null(discovery_endpoint(d, ENDPOINT_TOKEN));
    cr_expect_null(discovery_endpoint(d, ENDPOINT_PAR));
    discovery_await(d, &late.wait, on_known, &late);
    cr_expect_eq(late.fired, 0);
    run_until(&late);
    cr_expect(late.fired == 1 && late.st == ST_OK);
    generation_drop(g);
}
