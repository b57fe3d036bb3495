#include "settings.h"

#include "client_auth.h"
#include "configured.h"
#include "possession.h"

#define ISSUER              "issuer = \"https://auth.example\"\n"
#define UPSTREAM            "upstream \"as\" { issuer = \"https://as.example\" }\n"
#define KEYS                "keyring = \"%s\"\n"
#define CLIENT              "client \"app\" { " KEYS " }\n"
#define CLIENT_WITH(text)   "client \"app\" { " KEYS text " }\n"
#define UPSTREAM_WITH(text) "upstream \"as\" { issuer = \"https://as.example\"\n" text " }\n"

#define UPSTREAM_AT(prefix)                                                                        \
    "upstream \"b\" { issuer = \"https://b.example\" prefix = \"" prefix "\" }\n"
#define BYTES_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

#define CHECK_WITH(text) "check \"c\" { resource = \"https://api.example:8443/v1\"\n" text " }\n"

Test(settings, what_is_wrong_is_named)
{
    static const struct {
        const char *text, *word;
    } rows[] = {
        { UPSTREAM CLIENT, "issuer" },
        { "issuer = \"\"\n" UPSTREAM CLIENT, "issuer" },
        { "issuer = \"auth.example\"\n" UPSTREAM CLIENT, "issuer" },
        { "issuer = \"https://auth.example/\"\n" UPSTREAM CLIENT, "issuer" },
        { "issuer = \"https://auth.example?a=b\"\n" UPSTREAM CLIENT, "issuer" },
        { ISSUER CLIENT, "upstream" },
        { ISSUER UPSTREAM "upstream \"b\" { issuer = \"https://b.example\" }\n" CLIENT, "prefix" },
        { ISSUER UPSTREAM_WITH("prefix = \"/a\"") UPSTREAM_AT("/a") CLIENT, "prefix" },
        { ISSUER UPSTREAM UPSTREAM_AT("/a") CLIENT, "upstream" },
        { ISSUER UPSTREAM_WITH("prefix = \"a\"") CLIENT, "prefix" },
        { ISSUER UPSTREAM_WITH("prefix = \"/\"") CLIENT, "prefix" },
        { ISSUER UPSTREAM_WITH("prefix = \"/a/\"") CLIENT, "prefix" },
        { ISSUER UPSTREAM_WITH("prefix = \"//a\"") CLIENT, "prefix" },
        { ISSUER UPSTREAM_WITH("prefix = \"/.\"") CLIENT, "prefix" },
        { ISSUER UPSTREAM_WITH("prefix = \"/a/../b\"") CLIENT, "prefix" },
        { ISSUER UPSTREAM_WITH("prefix = \"/a%2fb\"") CLIENT, "prefix" },
        { ISSUER UPSTREAM_WITH("prefix = \"/a?b\"") CLIENT, "prefix" },
        { ISSUER UPSTREAM_WITH("prefix = \"/" BYTES_64 BYTES_64 "\"") CLIENT, "prefix" },
        { ISSUER UPSTREAM_WITH("prefix = \"/check\"") CLIENT, "prefix" },
        { ISSUER UPSTREAM_WITH("prefix = \"/healthz/a\"") CLIENT, "prefix" },
        { ISSUER UPSTREAM_WITH("prefix = \"/.well-known/a\"") CLIENT, "prefix" },
        { ISSUER UPSTREAM UPSTREAM CLIENT, "as" },
        { ISSUER "upstream \"as\" { }\n" CLIENT, "issuer" },
        { ISSUER "upstream \"as\" { issuer = \"http://as.example\" }\n" CLIENT, "https" },
        { ISSUER "upstream \"as\" { issuer = \"http://127.evil.example\" }\n" CLIENT, "https" },
        { ISSUER UPSTREAM_WITH("token_endpoint = \"http://as.example/t\"") CLIENT,
          "token_endpoint" },
        { ISSUER UPSTREAM_WITH("token_endpoint = \"/t\"") CLIENT, "token_endpoint" },
        { ISSUER UPSTREAM_WITH("metadata_url = \"ftp://as.example\"") CLIENT, "metadata_url" },
        { ISSUER UPSTREAM_WITH("discovery = false") CLIENT, "token_endpoint" },
        { ISSUER UPSTREAM_WITH("refresh = 0") CLIENT, "refresh" },
        { ISSUER UPSTREAM_WITH("refresh = 86401") CLIENT, "refresh" },
        { ISSUER UPSTREAM_WITH("retry = 0") CLIENT, "retry" },
        { ISSUER UPSTREAM_WITH("retry = 61") CLIENT, "retry_max" },
        { ISSUER UPSTREAM_WITH("retry_max = 86401") CLIENT, "retry_max" },
        { ISSUER UPSTREAM_WITH("ca_file = \"/nonexistent\"") CLIENT, "ca_file" },
        { ISSUER "clock_skew = 301\n" UPSTREAM CLIENT, "clock_skew" },
        { ISSUER "clock_skew = -1\n" UPSTREAM CLIENT, "clock_skew" },
        { ISSUER "token_max_lifetime = 0\n" UPSTREAM CLIENT, "token_max_lifetime" },
        { ISSUER "pop_max_age = 0\n" UPSTREAM CLIENT, "pop_max_age" },
        { ISSUER "pop_max_age = 3601\n" UPSTREAM CLIENT, "pop_max_age" },
        { ISSUER "request_lifetime = 3601\n" UPSTREAM CLIENT, "request_lifetime" },
        { ISSUER "binding_lifetime = 0\n" UPSTREAM CLIENT, "binding_lifetime" },
        { ISSUER "challenge_lifetime = 0\n" UPSTREAM CLIENT, "challenge_lifetime" },
        { ISSUER UPSTREAM "client \"a/b\" { " KEYS " }\n", "a/b" },
        { ISSUER UPSTREAM "client \"app\" { }\n", "keyring" },
        { ISSUER UPSTREAM "client \"app\" { keyring = \"/nonexistent\" }\n", "/nonexistent" },
        { ISSUER UPSTREAM CLIENT CLIENT, "app" },
        { ISSUER UPSTREAM CLIENT_WITH("upstream = \"bs\""), "upstream" },
        { ISSUER UPSTREAM CLIENT_WITH("auth_method = \"basic\""), "auth_method" },
        { ISSUER UPSTREAM CLIENT_WITH("auth_method = \"private_key_jwt\""), "assertion_keyring" },
        { ISSUER UPSTREAM CLIENT_WITH("assertion_keyring = \"%s\""), "private_key_jwt" },
        { ISSUER UPSTREAM CLIENT_WITH(
              "auth_method = \"private_key_jwt\"\n assertion_keyring = \"/nonexistent\""),
          "/nonexistent" },
        { ISSUER UPSTREAM CLIENT_WITH(
              "auth_method = \"private_key_jwt\"\n assertion_keyring = \"%s\""),
          "private JWK" },
        { ISSUER UPSTREAM CLIENT_WITH("assertion_audience = \"audience\""), "assertion_audience" },
        { ISSUER UPSTREAM CLIENT_WITH("assertion_audience = \"\""), "assertion_audience" },
        { ISSUER UPSTREAM CLIENT_WITH("assertion_lifetime = 0"), "assertion_lifetime" },
        { ISSUER UPSTREAM CLIENT_WITH("assertion_lifetime = 3601"), "assertion_lifetime" },
        { ISSUER UPSTREAM CLIENT_WITH("possession = \"pop, dpop\""), "possession" },
        { ISSUER UPSTREAM CLIENT_WITH("grants = {}"), "grants" },
        { ISSUER UPSTREAM CLIENT_WITH("grants = {\"\"}"), "grants" },
        { ISSUER UPSTREAM CLIENT_WITH("scopes = {\"read write\"}"), "scopes" },
        { ISSUER UPSTREAM CLIENT_WITH("min_coverage = 1.1"), "min_coverage" },
        { ISSUER UPSTREAM CLIENT_WITH("min_coverage = -0.1"), "min_coverage" },
        { ISSUER UPSTREAM CLIENT_WITH("max_age = 86401"), "max_age" },
        { ISSUER UPSTREAM CLIENT_WITH("min_streak = 0"), "min_streak" },
        { ISSUER UPSTREAM_WITH("forward_dpop = true")
              CLIENT_WITH("possession = \"dpop\"\n require_challenge = true"),
          "require_challenge" },
        { ISSUER UPSTREAM CLIENT "check \"a b\" { resource = \"https://api.example\" }\n", "a b" },
        { ISSUER UPSTREAM CLIENT "check \"\" { resource = \"https://api.example\" }\n", "title" },
        { ISSUER UPSTREAM CLIENT "check \"c\" { }\n", "resource" },
        { ISSUER UPSTREAM CLIENT CHECK_WITH("min_coverage = 2.0"), "min_coverage" },
        { ISSUER UPSTREAM CLIENT CHECK_WITH("min_streak = 0"), "min_streak" },
        { ISSUER UPSTREAM CLIENT CHECK_WITH("clients = {\"bpp\"}"), "clients" },
        { ISSUER UPSTREAM CLIENT CHECK_WITH("original = \"nginx\""), "original" },
        { ISSUER UPSTREAM CLIENT "check \"c\" { resource = \"api.example\" }\n", "resource" },
        { ISSUER UPSTREAM CLIENT "check \"c\" { resource = \"https://api.example?a\" }\n",
          "resource" },
        { ISSUER UPSTREAM CLIENT CHECK_WITH("") CHECK_WITH(""), "c" },
        { ISSUER UPSTREAM CLIENT_WITH("seal_refresh = true"), "seal_keyring" },
        { ISSUER "seal_keyring = \"/nonexistent\"\n" UPSTREAM CLIENT, "/nonexistent" },
        { ISSUER UPSTREAM CLIENT_WITH("scope = {\"a\"}"), "scope" },
        { ISSUER UPSTREAM CLIENT_WITH("scope \"a\" { }"), "scope \"a\"" },
        { ISSUER UPSTREAM CLIENT_WITH("scopes = {\"b\"}\n scope \"a\" { }"), "scope \"a\"" },
        { ISSUER UPSTREAM CLIENT_WITH("scopes = {\"a\"}\n scope \"a\" { min_streak = 0 }"),
          "min_streak" },
        { ISSUER UPSTREAM CLIENT_WITH("scopes = {\"a\"}\n scope \"a\" { min_coverage = 1.01 }"),
          "min_coverage" },
        { ISSUER UPSTREAM CLIENT_WITH("scopes = {\"a\"}\n scope \"a\" { max_age = 86401 }"),
          "max_age" },
        { ISSUER UPSTREAM CLIENT_WITH("scopes = {\"a\"}\n scope \"a\" { }\n scope \"a\" { }"),
          "a" },
    };
    struct configured c;

    configured_folder(&c);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        c.why[0] = '\0';
        cr_expect_neq(configured_load(&c, rows[i].text), ST_OK, "%s", rows[i].text);
        cr_expect(strstr(c.why, rows[i].word), "%s: %s", rows[i].text, c.why);
    }
    configured_clear(&c);
}

static struct configured loaded(const char *text)
{
    struct configured c;

    configured_folder(&c);
    cr_assert_eq(configured_load(&c, text), ST_OK, "%s", c.why);
    return c;
}

Test(settings, several_upstreams)
{
    struct configured c = loaded(
        ISSUER UPSTREAM_WITH("prefix = \"/realms/one.two\"") UPSTREAM_AT("/checks")
            CLIENT_WITH("upstream = \"b\"") "client \"other\" { upstream = \"as\" " KEYS "}\n");
    const struct settings *s = c.model;

    cr_assert_eq(s->upstream_count, 2);
    cr_expect_str_eq(s->upstreams[0].front, "https://auth.example/realms/one.two");
    cr_expect_str_eq(s->upstreams[1].front, "https://auth.example/checks");
    cr_expect_not_null(settings_client_at(s, 1, SLICE_LIT("app")));
    cr_expect_null(settings_client_at(s, 0, SLICE_LIT("app")));
    cr_expect_not_null(settings_client_at(s, 0, SLICE_LIT("other")));
    cr_expect_null(settings_client_at(s, 0, SLICE_LIT("nobody")));
    configured_clear(&c);
    c = loaded(ISSUER UPSTREAM_WITH(
        "prefix = \"/123456789012345678901234567890123456789012345678901234567890123" BYTES_64 "\"")
                   CLIENT);
    configured_clear(&c);
}

Test(settings, defaults)
{
    struct configured c = loaded(ISSUER UPSTREAM CLIENT);
    const struct settings *s = c.model;
    const struct client *client = settings_client(s, SLICE_LIT("app"));

    cr_assert_not_null(client);
    cr_expect(s->https && slice_is(s->host, "auth.example"));
    cr_expect_eq(s->clock_skew, 30);
    cr_expect_eq(s->pop_max_age, 60);
    cr_expect_eq(s->request_lifetime, 300);
    cr_expect_eq(s->binding_lifetime, 600);
    cr_expect_str_eq(s->upstreams[0].front, s->issuer);
    cr_expect(s->upstreams[0].discovery && !s->upstreams[0].forwarded);
    cr_expect_eq(client->auth, client_auth_find("client_secret_basic"));
    cr_expect_eq(client->possession, possession_find("pop"));
    cr_expect(words_have(&client->grants, SLICE_LIT("authorization_code")));
    cr_expect(words_have(&client->grants, SLICE_LIT("refresh_token")));
    cr_expect(!words_have(&client->grants, SLICE_LIT("client_credentials")));
    cr_expect(!client->limited_use && !s->upstreams[0].forward_dpop);
    cr_expect_eq(client->demands.min_streak, 1);
    cr_expect_eq(s->check_count, 0);
    cr_expect(client->seal_refresh && !client->accept_unsealed_refresh);
    cr_expect_eq(client->scopes.count + client->redirect_uris.count, 0);
    configured_clear(&c);
}

Test(settings, everything_said)
{
    struct configured c =
        loaded("issuer = \"http://127.0.0.1:8102/auth\"\nclock_skew = 0\n"
               "upstream \"as\" { issuer = \"http://localhost:4593/api/glwd\"\n forwarded = true\n"
               " token_endpoint = \"http://[::1]:80/t\"\n limits { connect_ms = 500 } }\n"
               "client \"b\" { upstream = \"as\"\n" KEYS
               " auth_method = \"none\"\n possession = \"none\"\n"
               " grants = {\"client_credentials\"}\n scopes = {\"r\", \"w\"}\n min_coverage = 1.0\n"
               " max_age = 60\n require_challenge = true\n redirect_uris = {\"app:/cb\"} }\n"
               "client \"a\" { " KEYS " }\nclient \"ab\" { " KEYS " }\n");
    const struct settings *s = c.model;
    const struct client *b = settings_client(s, SLICE_LIT("b"));

    cr_assert_not_null(b);
    cr_expect(!s->https && slice_is(s->host, "127.0.0.1:8102"));
    cr_expect_eq(b->auth, client_auth_find("none"));
    cr_expect_eq(b->possession, possession_find("none"));
    cr_expect(words_have(&b->scopes, SLICE_LIT("w")) && !words_have(&b->scopes, SLICE_LIT("rw")));
    cr_expect(b->require_challenge && b->demands.max_age == 60 && b->demands.min_coverage == 1);
    cr_expect(words_have(&b->redirect_uris, SLICE_LIT("app:/cb")));
    cr_expect_eq(s->upstreams[0].limits.connect_ms, 500);
    cr_expect_str_eq(s->upstreams[0].endpoints[ENDPOINT_TOKEN], "http://[::1]:80/t");
    cr_expect_str_eq(settings_client(s, SLICE_LIT("a"))->id, "a");
    cr_expect_str_eq(settings_client(s, SLICE_LIT("ab"))->id, "ab");
    cr_expect_null(settings_client(s, SLICE_LIT("")));
    cr_expect_null(settings_client(s, SLICE_LIT("abc")));
    cr_expect_null(settings_client(s, SLICE_LIT("B")));
    configured_clear(&c);
}

Test(settings, what_an_api_demands)
{
    struct configured c =
        loaded(ISSUER UPSTREAM CLIENT CHECK_WITH("clients = {\"app\"}\n max_age = 60"));
    const struct check_policy *p = settings_check(c.model, SLICE_LIT("c"));

    cr_assert_not_null(p);
    cr_expect_str_eq(p->resource, "https://api.example:8443/v1");
    cr_expect(slice_is(p->origin, "https://api.example:8443"));
    cr_expect(p->demands.max_age == 60 && p->demands.min_streak == 1);
    cr_expect(words_have(&p->clients, SLICE_LIT("app")));
    cr_expect_null(settings_check(c.model, SLICE_LIT("")));
    cr_expect_null(settings_check(c.model, SLICE_LIT("cc")));
    configured_clear(&c);
}

Test(settings, a_seal_is_needed_by_those_who_seal_only)
{
    struct configured c = loaded(
        ISSUER UPSTREAM CLIENT_WITH("seal_refresh = false\n accept_unsealed_refresh = true"));
    const struct settings *s = c.model;
    const struct client *client = settings_client(s, SLICE_LIT("app"));

    cr_expect_null(s->seal);
    cr_expect(!client->seal_refresh && client->accept_unsealed_refresh);
    configured_clear(&c);
}

Test(settings, where_secrets_may_go)
{
    static const struct {
        const char *url;
        enum status without, with; /* allow_http */
    } rows[] = {
        { "https://as.example/t", ST_OK, ST_OK },
        { "http://localhost/t", ST_OK, ST_OK },
        { "http://127.8.8.8:80/t", ST_OK, ST_OK },
        { "http://[::1]/t", ST_OK, ST_OK },
        { "http://as.example/t", ST_DENIED, ST_OK },
        { "http://128.0.0.1/t", ST_DENIED, ST_OK },
        { "http://127.0.0.1.example/t", ST_DENIED, ST_OK },
        { "http://localhost.example/t", ST_DENIED, ST_OK },
        { "http://[::2]/t", ST_DENIED, ST_OK },
        { "ftp://localhost/t", ST_INVALID, ST_INVALID },
        { "https://user@as.example/t", ST_INVALID, ST_INVALID },
    };
    struct upstream_settings strict = { 0 }, lax = { .allow_http = true };
    struct url url;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_eq(upstream_url(&strict, rows[i].url, &url), rows[i].without, "%s", rows[i].url);
        cr_expect_eq(upstream_url(&lax, rows[i].url, &url), rows[i].with, "%s", rows[i].url);
    }
}
