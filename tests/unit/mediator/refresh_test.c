#include "refresh.h"

#include "seal.h"
#include "site.h"

#define CLIENT  "grants = {\"refresh_token\", \"client_credentials\", \"authorization_code\"}\n"
#define REFRESH "grant_type=refresh_token&client_id=app&refresh_token="

static struct site s;

static void open_with(const char *client)
{
    site_open(&s, SITE_BY_HAND, client);
    s.token =
        (struct site_reply){ 200,
                             "application/json",
                             "{ \"refresh_token\" : \"r+/=\\u00e4\",\"access_token\":\"t\" }\n",
                             { NULL, { NULL, 0 } } };
}

static void open_site(void)
{
    open_with(CLIENT);
}

static void close_site(void)
{
    site_close(&s);
}

TestSuite(refresh, .init = open_site, .fini = close_site);

static unsigned bring(const struct private_key *instance, const char *token)
{
    char form[SITE_TEXT] = REFRESH;

    cr_assert_lt(strlen(token), sizeof form - sizeof REFRESH);
    strcat(form, token);
    return site_post_as(&s, instance, "/token", form, NULL, 0);
}

struct sealed {
    char text[1024];
};

static struct sealed granted(void)
{
    struct sealed token;

    cr_assert_eq(site_post(&s, "/token", "grant_type=client_credentials&client_id=app"), 200);
    site_member(&s, "refresh_token", token.text, sizeof token.text - 1);
    return token;
}

Test(refresh, leaves_sealed_and_everything_else_as_it_came)
{
    struct sealed token = granted();
    char want[SITE_TEXT];

    cr_expect(seal_claims(slice_of(token.text)));
    snprintf(want, sizeof want, "{ \"refresh_token\" : \"%s\",\"access_token\":\"t\" }\n",
             token.text);
    cr_expect_str_eq(s.body, want);
}

Test(refresh, only_its_instance_brings_it_back)
{
    struct sealed token = granted();
    struct sealed altered = token;
    char *middle = altered.text + strlen(altered.text) / 2;

    *middle = *middle == 'A' ? 'B' : 'A';
    s.asked = 0;
    cr_expect_eq(bring(&s.stranger, token.text), 400);
    cr_expect(site_says(&s, "invalid_grant"));
    cr_expect_eq(bring(&s.instance, altered.text), 400);
    cr_expect(site_says(&s, "invalid_grant"));
    cr_expect_eq(bring(&s.instance, "r%2B%2F%3D%C3%A4"), 400);
    cr_expect(site_says(&s, "invalid_grant"), "not sealed");
    cr_expect_eq(s.asked, 0);
    cr_expect_eq(bring(&s.instance, token.text), 200, "%s", s.body);
    cr_expect_str_eq(s.seen_body, REFRESH "r%2B%2F%3D%C3%A4");
    cr_expect_eq(site_logged(&s, "refresh token: sealed for another", "refused"), 2);
    cr_expect_eq(site_logged(&s, "refresh token: not sealed", "refused"), 1);
}

Test(refresh, answers_without_one_stay_as_they_are)
{
    static const char *const bodies[] = {
        "{\"access_token\":\"a\"}",
        "{\"refresh_token\":null}",
        "{\"refresh_token\":\"\"}",
        "{\"nested\":{\"refresh_token\":\"r\"}}",
        "{\"scope\":\"refresh_token \\u00e4\"}",
        "no JSON at all",
    };

    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        s.token.body = bodies[i];
        cr_expect_eq(site_post(&s, "/token", "grant_type=client_credentials&client_id=app"), 200);
        cr_expect_str_eq(s.body, bodies[i]);
    }
}

Test(refresh, answers_that_cannot_be_read_are_not_handed_on)
{
    static const char *const bodies[] = {
        "{\"refresh_token\":\"r\",\"refresh_token\":\"r\"}",
        "{\"refresh_token\":{\"r\":1}}",
        "{\"refresh_token\":1}",
        "{\"refresh_token\":\"r\"} {}",
        "{\"refresh_token\":\"r\"",
        "[{\"refresh_token\":\"r\"}]",
        "refresh_token=r",
        "{\"refresh\\u005ftoken\":\"r\",}",
    };

    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        s.token.body = bodies[i];
        cr_expect_eq(site_post(&s, "/token", "grant_type=client_credentials&client_id=app"), 502,
                     "%s", bodies[i]);
        cr_expect_null(strstr(s.body, "\"r\""), "%s", bodies[i]);
    }
}

Test(refresh, however_its_name_is_written)
{
    s.token.body = "{\"refresh\\u005ftoken\":\"secret\",\"x\":[1]}";
    cr_expect_eq(site_post(&s, "/token", "grant_type=client_credentials&client_id=app"), 200);
    cr_expect_null(strstr(s.body, "secret"));
    cr_expect(strstr(s.body, "{\"refresh\\u005ftoken\":\"vs1."));
}

Test(refresh, issued_in_a_token_exchange)
{
    s.token.body =
        "{\"access_token\":\"secret\",\"refresh_token\":\"hidden\",\"issued_token_type\":"
        "\"urn:ietf:params:oauth:token-type:refresh_token\"}";
    cr_expect_eq(site_post(&s, "/token", "grant_type=client_credentials&client_id=app"), 200);
    cr_expect(!strstr(s.body, "secret") && !strstr(s.body, "hidden"), "%s", s.body);
    cr_expect(strstr(s.body, "{\"access_token\":\"vs1."));
}

Test(refresh, in_other_parameters)
{
    static const char base[] = "grant_type=client_credentials&client_id=app";
    struct sealed token = granted();
    char form[SITE_TEXT], want[SITE_TEXT];

    snprintf(form, sizeof form,
             "%s&subject_token=r&subject_token_type="
             "urn%%3Aietf%%3Aparams%%3Aoauth%%3Atoken-type%%3Arefresh_token",
             base);
    cr_expect_eq(site_post(&s, "/token", form), 400);
    cr_expect(site_says(&s, "invalid_grant"));
    snprintf(form, sizeof form, "%s&token=r&token_type_hint=refresh_token", base);
    cr_expect_eq(site_post(&s, "/token", form), 400);
    snprintf(form, sizeof form, "%s&token=%s&x=1", base, token.text);
    cr_expect_eq(site_post_as(&s, &s.stranger, "/token", form, NULL, 0), 400);
    cr_expect_eq(site_post(&s, "/token", form), 200);
    snprintf(want, sizeof want, "%s&token=r%%2B%%2F%%3D%%C3%%A4&x=1", base);
    cr_expect_str_eq(s.seen_body, want);
    snprintf(form, sizeof form, "%s&token=opaque-access-token", base);
    cr_expect_eq(site_post(&s, "/token", form), 200, "an access token is none of ours");
    cr_expect_str_eq(s.seen_body, form);
}

Test(refresh, a_long_one_comes_back_whole)
{
    static char body[SITE_TEXT], want[SITE_TEXT];
    char plain[4001], sealed[8192];

    memset(plain, '~' - 1, sizeof plain - 1); /* '}' is escaped in a form */
    plain[sizeof plain - 1] = '\0';
    snprintf(body, sizeof body, "{\"refresh_token\":\"%s\"}", plain);
    s.token.body = body;
    cr_assert_eq(site_post(&s, "/token", "grant_type=client_credentials&client_id=app"), 200);
    site_member(&s, "refresh_token", sealed, sizeof sealed - 1);
    cr_assert_eq(bring(&s.instance, sealed), 200, "%s", s.body);
    strcpy(want, REFRESH);
    for (size_t i = 0; i < sizeof plain - 1; i++)
        strcat(want, "%7D");
    cr_expect_str_eq(s.seen_body, want);
}

static void open_migrating(void)
{
    open_with(CLIENT " accept_unsealed_refresh = true\n");
}

Test(refresh, stays_sealed_where_it_would_end_up_in_a_browser)
{
    struct sealed token = granted();
    char form[SITE_TEXT], target[1024] = "/authorize?client_id=app&request_uri=";

    snprintf(form, sizeof form,
             "response_type=code&client_id=app&code_challenge_method=S256&code_challenge="
             "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&refresh_token=%s",
             token.text);
    cr_assert_eq(site_post(&s, "/par", form), 201, "%s", s.body);
    site_member(&s, "request_uri", target + strlen(target), 512);
    cr_assert_eq(site_get(&s, target) / 100, 3);
    cr_expect(strstr(s.head, token.text));
}

TestSuite(refresh_migration, .init = open_migrating, .fini = close_site);

Test(refresh_migration, those_of_before_are_taken)
{
    struct sealed token = granted();

    cr_expect(seal_claims(slice_of(token.text)), "but leave sealed");
    cr_expect_eq(bring(&s.instance, "old"), 200);
    cr_expect_str_eq(s.seen_body, REFRESH "old");
    cr_expect_eq(bring(&s.stranger, token.text), 400, "and a sealed one stays its owner's");
    cr_expect_eq(bring(&s.instance, "vs1.old"), 400);
}

static void open_unsealing(void)
{
    open_with(CLIENT " seal_refresh = false\n");
}

TestSuite(refresh_unsealed, .init = open_unsealing, .fini = close_site);

Test(refresh_unsealed, nothing_is_done_for_clients_that_do_not_want_it)
{
    cr_expect_eq(bring(&s.instance, "plain"), 200);
    cr_expect_str_eq(s.seen_body, REFRESH "plain");
    cr_expect_str_eq(s.body, s.token.body);
}
