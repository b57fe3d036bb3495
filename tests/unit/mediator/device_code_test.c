#include "device_code.h"

#include "site.h"

#define CLIENT "grants = {\"urn:ietf:params:oauth:grant-type:device_code\"}\n"
#define START  "client_id=app"
#define POLL                                                                                       \
    "client_id=app&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code"              \
    "&device_code="
#define STARTED "{\"device_code\":\"d\",\"user_code\":\"u\",\"expires_in\":60}"

static struct site s;

static void open_site(void)
{
    site_open(&s, SITE_BY_HAND "device_authorization_endpoint = \"BASE/other/device\"\n", CLIENT);
    s.other = (struct site_reply){ 200, "application/json", STARTED, { NULL, { NULL, 0 } } };
    s.token = (struct site_reply){
        400, "application/json", "{\"error\":\"authorization_pending\"}", { NULL, { NULL, 0 } }
    };
}

static void close_site(void)
{
    site_close(&s);
}

TestSuite(device_code, .init = open_site, .fini = close_site);

Test(device_code, nobody_but_the_instance_that_asked_for_it_polls)
{
    cr_expect_eq(site_post(&s, "/token", POLL "d"), 400);
    cr_expect(site_says(&s, "invalid_grant"), "nobody has asked for it yet: %s", s.body);
    cr_assert_eq(site_post(&s, "/device_authorization", START), 200, "%s", s.body);
    cr_expect_str_eq(s.body, STARTED, "as it came");
    cr_expect_eq(site_post_as(&s, &s.stranger, "/token", POLL "d", NULL, 0), 400);
    cr_expect(site_says(&s, "invalid_grant"), "%s", s.body);
    cr_expect_eq(site_logged(&s, "\"refused\"", "another instance's device_code"), 1);
    cr_expect_eq(site_post(&s, "/token", POLL "e"), 400);
    cr_expect_eq(site_post(&s, "/token", POLL), 400);
    cr_expect(site_says(&s, "invalid_request"), "%s", s.body);
    cr_expect_eq(s.asked, 1, "nothing of that reached upstream");
}

Test(device_code, its_owner_polls_until_it_is_answered)
{
    cr_assert_eq(site_post(&s, "/device_authorization", START), 200);
    for (unsigned i = 0; i < 3; i++) {
        cr_expect_eq(site_post(&s, "/token", POLL "d"), 400);
        cr_expect(site_says(&s, "authorization_pending"), "%s", s.body);
    }
    s.token.code = 200;
    s.token.body = "{\"access_token\":\"t\"}";
    cr_expect_eq(site_post(&s, "/token", POLL "d"), 200);
    cr_expect_str_eq(s.body, "{\"access_token\":\"t\"}");
    cr_expect_str_eq(s.seen_body, POLL "d");
}

/* binding_lifetime is 600 s: for so long upstream says itself that a code has expired. */
Test(device_code, it_is_remembered_for_longer_than_it_lives)
{
    cr_assert_eq(site_post(&s, "/device_authorization", START), 200);
    s.steady += 659 * 1000;
    cr_expect_eq(site_post(&s, "/token", POLL "d"), 400);
    cr_expect(site_says(&s, "authorization_pending"), "%s", s.body);
    s.steady += 1000;
    cr_expect_eq(site_post(&s, "/token", POLL "d"), 400);
    cr_expect(site_says(&s, "invalid_grant"), "%s", s.body);
}

Test(device_code, answers_that_name_none)
{
    static const char *const bodies[] = { "", "{}", "{\"device_code\":\"d\"}",
                                          "{\"device_code\":\"\",\"expires_in\":60}" };

    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        s.other.body = bodies[i];
        cr_expect_eq(site_post(&s, "/device_authorization", START), 502, "%s", bodies[i]);
        cr_expect(site_says(&s, "server_error"));
    }
    s.other = (struct site_reply){ 400, "application/json", "{\"error\":\"x\"}", { 0 } };
    cr_expect_eq(site_post(&s, "/device_authorization", START), 400);
    cr_expect_str_eq(s.body, "{\"error\":\"x\"}", "a refusal of upstream's comes back unchanged");
}

/* A server that hands the same one out twice would join two instances. */
Test(device_code, one_that_is_another_instances_already)
{
    cr_assert_eq(site_post(&s, "/device_authorization", START), 200);
    cr_expect_eq(site_post_as(&s, &s.stranger, "/device_authorization", START, NULL, 0), 502);
    cr_expect_null(strstr(s.body, "device_code"));
}
