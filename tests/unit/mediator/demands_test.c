#include "demands.h"

#include "site.h"

Test(demands, the_stricter_of_both)
{
    static const struct {
        struct demands a, b, sum;
    } rows[] = {
        { { 0, 1, 0 }, { 0, 1, 0 }, { 0, 1, 0 } },
        { { 0.5, 1, 0 }, { 0.4, 2, 60 }, { 0.5, 2, 60 } },
        { { 0.4, 3, 60 }, { 0.5, 2, 61 }, { 0.5, 3, 60 } },
        { { 0.4, 3, 60 }, { 0.5, 3, 59 }, { 0.5, 3, 59 } },
        { { 1.0, 1, 1 }, { 0.0, 1, 0 }, { 1.0, 1, 1 } },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct demands d = rows[i].a;
        demands_add(&d, &rows[i].b);
        cr_expect(d.min_coverage >= rows[i].sum.min_coverage &&
                  d.min_coverage <= rows[i].sum.min_coverage);
        cr_expect_eq(d.min_streak, rows[i].sum.min_streak);
        cr_expect_eq(d.max_age, rows[i].sum.max_age);
    }
}

#define DEVICE_CODE "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code"

Test(demands, of_scopes)
{
    static struct scope_rule rules[] = {
        { (char *)"pay", { 0.9, 5, 0 } },
        { (char *)"read", { 0.2, 1, 60 } },
    };
    static const struct client client = { .rules = rules, .rule_count = 2 };
    static const struct {
        const char *form;
        uint32_t streak, age;
    } rows[] = {
        { "scope=pay", 5, 0 },
        { "scope=read", 1, 60 },
        { "scope=read+pay", 5, 60 },
        { "scope=pay%20read", 5, 60 },
        { "scope=pays+repay+PAY", 1, 0 },
        { "scope=notes", 1, 0 },
        { "grant_type=refresh_token&scope=read", 1, 60 },
        { "grant_type=refresh_token", 5, 60 },
        { "grant_type=refresh_token&scope=", 5, 60 },
        { "", 5, 60 },
        { "grant_type=authorization_code", 1, 0 },
        { "grant_type=authorization_code&scope=pay", 5, 0 },
        { "grant_type=" DEVICE_CODE, 1, 0 },
        { "grant_type=" DEVICE_CODE "&scope=read", 1, 60 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct demands d = { 0.1, 1, 0 };
        uint8_t scratch[256];
        struct form form;
        cr_assert_eq(form_parse(slice_of(rows[i].form), scratch, sizeof scratch, &form), ST_OK);
        demands_add_scopes(&d, &client, &form);
        cr_expect(d.min_streak == rows[i].streak && d.max_age == rows[i].age, "%s", rows[i].form);
    }
}

/* --- on the way: tokens of this client have coverage 0.5, streak 1 --- */

#define GRANTS                                                                                     \
    "grants = {\"client_credentials\", \"authorization_code\", \"refresh_token\", "                \
    "\"urn:ietf:params:oauth:grant-type:device_code\"}\n"
#define CLIENT                                                                                     \
    GRANTS                                                                                         \
    "scopes = {\"notes\", \"half\", \"most\", \"twice\"}\n accept_unsealed_refresh = true\n"       \
    "scope \"half\" { min_coverage = 0.5 }\n scope \"most\" { min_coverage = 0.51 }\n"             \
    "scope \"twice\" { min_streak = 2 }\n"

static struct site s;

static void open_site(void)
{
    site_open(&s,
              SITE_BY_HAND "device_authorization_endpoint = \"BASE/other/device\"\n"
                           "revocation_endpoint = \"BASE/other/revoke\"\n",
              CLIENT);
    s.token = (struct site_reply){ 200, "application/json", "{}", { NULL, { NULL, 0 } } };
    s.other = s.token;
    s.other.body = "{\"device_code\":\"d\",\"expires_in\":60}";
}

static void close_site(void)
{
    site_close(&s);
}

TestSuite(demands_on_the_way, .init = open_site, .fini = close_site);

#define VERIFIER "&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define PUSH                                                                                       \
    "client_id=app&response_type=code&code_challenge_method=S256&code_challenge="                  \
    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&scope="

Test(demands_on_the_way, each_endpoint_that_grants)
{
    static const struct {
        const char *path, *form;
        unsigned code;
        const char *error;
    } rows[] = {
        { "/token", "client_id=app&grant_type=client_credentials&scope=most", 400,
          "use_fresh_attestation" },
        { "/token", "client_id=app&grant_type=client_credentials&scope=notes+twice", 400,
          "use_fresh_attestation" },
        { "/token", "client_id=app&grant_type=client_credentials&scope=notes,most", 400,
          "invalid_scope" },
        { "/token", "client_id=app&grant_type=client_credentials&scope=Most", 400,
          "invalid_scope" },
        { "/token", "client_id=app&grant_type=refresh_token&refresh_token=r", 400,
          "use_fresh_attestation" },
        { "/token", "client_id=app&grant_type=refresh_token&refresh_token=r&scope=most", 400,
          "use_fresh_attestation" },
        { "/par", PUSH "most", 400, "use_fresh_attestation" },
        { "/device_authorization", "client_id=app&scope=twice", 400, "use_fresh_attestation" },
        { "/token", "client_id=app&grant_type=client_credentials&scope=half+notes", 200, NULL },
        { "/token", "client_id=app&grant_type=refresh_token&refresh_token=r&scope=half", 200,
          NULL },
        { "/par", PUSH "half", 201, NULL },
        { "/token", "client_id=app&grant_type=authorization_code&code=c" VERIFIER, 200, NULL },
        { "/device_authorization", "client_id=app&scope=notes", 200, NULL },
        { "/token", "client_id=app&grant_type=" DEVICE_CODE "&device_code=d", 200, NULL },
        { "/revoke", "client_id=app&token=t&scope=most", 200, NULL },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_eq(site_post(&s, rows[i].path, rows[i].form), rows[i].code, "%s %s: %s",
                     rows[i].path, rows[i].form, s.body);
        cr_expect(!rows[i].error || site_says(&s, rows[i].error), "%s", s.body);
    }
    cr_expect_eq(s.asked, 6, "own PAR, and six that upstream saw");
}
