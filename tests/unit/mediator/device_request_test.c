#include "registered.h"
#include "site.h"

/* Upstream is the test's; the device is one that is never connected, so that all of it is here.
 * What dials in is in the integration tests. */

#define FORM "grant_type=client_credentials&client_id=app&scope=read"
#define GRANTED                                                                                    \
    "{\"access_token\":\"at\",\"token_type\":\"Bearer\",\"expires_in\":60,\"scope\":\"read\"}"
#define REVOKES SITE_BY_HAND " revocation_endpoint = \"BASE/other/revoke\"\n"

struct clinic {
    struct site s;
    struct registered r;
};

static void clinic_open(struct clinic *c, const char *upstream)
{
    static const char *const scopes[] = { "read", NULL };
    static const struct device pump = { .mode = DEVICE_SEALED }, door = { .mode = DEVICE_PUSH };
    char client[512];

    registered_open(&c->r);
    registered_add(&c->r, "pump", &pump, scopes);
    registered_add(&c->r, "door", &door, scopes);
    registered_token_key(&c->r, KEY_P256);
    snprintf(client, sizeof client,
             "grants = { \"client_credentials\" }\n devices = { \"*\" }\n seal_refresh = false\n}\n"
             "device {\n registry = \"%s/devices\"\n token_keyring = \"%s/token-keys\"\n",
             c->r.folder, c->r.folder);
    site_open(&c->s, upstream, client);
    c->s.token = (struct site_reply){ 200, "application/json", GRANTED, { NULL, { NULL, 0 } } };
    c->s.other = (struct site_reply){ 200, NULL, "", { NULL, { NULL, 0 } } };
}

static void clinic_close(struct clinic *c)
{
    site_close(&c->s);
    registered_close(&c->r);
}

static void grants(struct clinic *c, const char *body)
{
    c->s.token.body = body;
}

Test(device_request, the_app_gets_both_tokens)
{
    struct clinic c;

    clinic_open(&c, REVOKES);
    cr_assert_eq(site_post(&c.s, "/token", FORM "&audience=pump"), 200, "%s", c.s.body);
    cr_assert_not_null(strstr(c.s.body, "\"access_token\":\"at\""));
    cr_assert_not_null(strstr(c.s.body, "\"cnf\":{\"jwk\":{\"kty\":\"oct\",\"k\":\""));
    cr_assert_not_null(strstr(c.s.body, "\"delivery\":\"token\",\"token\":\"ey"));
    cr_assert_null(strstr(c.s.seen_body, "audience"));
    cr_assert_eq(c.s.asked, 1);
    cr_assert_eq(site_logged(&c.s, "device grant", "\"verdict\":\"token\""), 1);
    clinic_close(&c);
}

Test(device_request, without_a_device_all_is_as_it_was)
{
    struct clinic c;

    clinic_open(&c, REVOKES);
    cr_assert_eq(site_post(&c.s, "/token", FORM "&audience=https%3A%2F%2Fapi"), 200);
    cr_assert_str_eq(c.s.body, GRANTED);
    cr_assert_not_null(strstr(c.s.seen_body, "audience=https%3A%2F%2Fapi"));
    clinic_close(&c);
}

Test(device_request, what_upstream_refuses_is_refused)
{
    struct clinic c;

    clinic_open(&c, REVOKES);
    c.s.token.code = 400;
    grants(&c, "{\"error\":\"invalid_grant\"}");
    cr_assert_eq(site_post(&c.s, "/token", FORM "&audience=pump"), 400);
    cr_assert_str_eq(c.s.body, "{\"error\":\"invalid_grant\"}");
    cr_assert_eq(c.s.asked, 1);
    clinic_close(&c);
}

Test(device_request, what_is_of_no_use_is_revoked)
{
    static const struct {
        const char *answer, *error;
        unsigned code, revoked;
    } cases[] = {
        { "{\"access_token\":\"at\",\"scope\":\"write\"}", "invalid_scope", 400, 1 },
        { "{\"access_token\":\"at\"}", "server_error", 502, 1 },
        { "{\"access_token\":\"at\",\"refresh_token\":\"rt\"}", "server_error", 502, 2 },
        { "{\"access_token\":\"at\",\"scope\":\"read\",\"cnf\":{}}", "server_error", 502, 1 },
        { "{\"access_token\":\"at\",\"scope\":\"read\",\"authorization_details\":[]}",
          "invalid_authorization_details", 400, 1 },
    };
    struct clinic c;

    clinic_open(&c, REVOKES);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned before = c.s.asked;
        grants(&c, cases[i].answer);
        cr_expect_eq(site_post(&c.s, "/token", FORM "&audience=pump"), cases[i].code, "%s",
                     c.s.body);
        cr_expect(site_says(&c.s, cases[i].error), "%s", c.s.body);
        cr_expect_eq(c.s.asked, before + 1 + cases[i].revoked, "%s", cases[i].answer);
        cr_expect_str_eq(c.s.seen_target, "/other/revoke");
        cr_expect_str_eq(c.s.seen_body, "client_id=app&token=at&token_type_hint=access_token");
        cr_expect_not_null(strstr(c.s.seen_head, "Authorization: Basic "));
    }
    clinic_close(&c);
}

Test(device_request, what_cannot_be_revoked_is_logged)
{
    struct clinic c;

    clinic_open(&c, SITE_BY_HAND);
    grants(&c, "{\"access_token\":\"at\",\"scope\":\"write\"}");
    cr_assert_eq(site_post(&c.s, "/token", FORM "&audience=pump"), 400);
    cr_assert_eq(site_logged(&c.s, "not revoked upstream", "no such endpoint"), 1);
    clinic_close(&c);
    clinic_open(&c, REVOKES);
    c.s.other.code = 503;
    grants(&c, "{\"access_token\":\"at\",\"scope\":\"write\"}");
    cr_assert_eq(site_post(&c.s, "/token", FORM "&audience=pump"), 400);
    cr_assert_eq(site_logged(&c.s, "not revoked upstream", "refused"), 1);
    clinic_close(&c);
}

Test(device_request, an_answer_that_is_no_json)
{
    struct clinic c;

    clinic_open(&c, REVOKES);
    grants(&c, "access_token=at");
    cr_assert_eq(site_post(&c.s, "/token", FORM "&audience=pump"), 502);
    cr_assert(site_says(&c.s, "server_error"));
    clinic_close(&c);
}

Test(device_request, targets_are_looked_at_first)
{
    struct clinic c;

    clinic_open(&c, REVOKES);
    cr_assert_eq(site_post(&c.s, "/token", FORM "&resource=urn%3Avouchsafe%3Adevice%3Ax"), 400);
    cr_assert(site_says(&c.s, "invalid_target"));
    cr_assert_eq(site_post(&c.s, "/token", FORM "&audience=door"), 503,
                 "no side worker serves devices here");
    cr_assert(site_says(&c.s, "temporarily_unavailable"));
    cr_assert_eq(c.s.asked, 0);
    clinic_close(&c);
}

Test(device_request, names_that_upstream_might_read_otherwise)
{
    static const char *const names[] = { "Audience", "re.source", "resourcE", "req.cnf",
                                         "authorization.details" };
    struct clinic c;
    char form[256];

    clinic_open(&c, REVOKES);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(form, sizeof form, FORM "&%s=pump", names[i]);
        bool mimics = strcmp(names[i], "re.source") != 0; /* re_source is nobody's */
        cr_expect_eq(site_post(&c.s, "/token", form), mimics ? 400 : 200, "%s", form);
    }
    clinic_close(&c);
}
