#include "config.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[] = "/tmp/vouchsafe-config-XXXXXX";
static char why[CONFIG_WHY_MAX];

static void write_text(const char *text)
{
    FILE *file = fopen(path, "w");

    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

static enum status parse(const char *text, cfg_t **cfg)
{
    cfg_opt_t item[] = { CFG_INT("weight", 1, CFGF_NONE), CFG_END() };
    cfg_opt_t opts[] = { CFG_STR("issuer", NULL, CFGF_NONE),
                         CFG_SEC("item", item, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
                         CONFIG_DAEMON_OPTS, CFG_END() };

    write_text(text);
    why[0] = '\0';
    return config_parse(path, opts, cfg, why, sizeof why);
}

static void setup(void)
{
    close(mkstemp(path));
}

static void clean(void)
{
    unlink(path);
}

TestSuite(config, .init = setup, .fini = clean);

/* --- files --- */

Test(config, no_file)
{
    cfg_opt_t opts[] = { CFG_END() };
    cfg_t *cfg;

    cr_assert_eq(config_parse("/nowhere/x.conf", opts, &cfg, why, sizeof why), ST_NOT_FOUND);
    cr_assert_not_null(strstr(why, "/nowhere/x.conf"));
    cr_assert_eq(config_parse("/tmp", opts, &cfg, why, sizeof why), ST_IO);
    cr_assert_not_null(strstr(why, "/tmp"));
}

Test(config, a_file_with_a_nul_or_too_long)
{
    cfg_opt_t opts[] = { CFG_STR("issuer", NULL, CFGF_NONE), CFG_END() };
    FILE *file = fopen(path, "w");
    cfg_t *cfg;

    fwrite("issuer = a\0\nlisen = 1\n", 1, 22, file);
    fclose(file);
    cr_assert_eq(config_parse(path, opts, &cfg, why, sizeof why), ST_INVALID);
    cr_assert_eq(truncate(path, 2 << 20), 0);
    cr_assert_eq(config_parse(path, opts, &cfg, why, sizeof why), ST_TOO_LARGE);
}

/* --- what is wrong is named, with its line --- */

Test(config, mistakes_name_line_and_meaning)
{
    static const struct {
        const char *text;
        int line; /* 0: none */
        const char *word;
    } cases[] = {
        { "lisen = { }\n", 1, "listen" },
        { "# a\n\n# b\nworker = 1\n", 4, "workers" },
        { "// a\n/* b\n c */\nworker = 1\n", 4, "workers" },
        { "log {\n # one\n levl = info\n}\n", 3, "level" },
        { "nothing_like_it = 1\n", 1, "\"nothing_like_it\" is not known" },
        { "end_of_fil = 1\n", 1, "not known here" },
        { "workers = many\n", 1, "workers" },
        { "workers = 12x\n", 1, "workers" },
        { "\nworkers = 99999999999999999999\n", 2, "workers" },
        { "item \"a\" { }\nitem \"a\" { }\n", 2, "duplicate" },
        { "log {\n level = info\n", 3, "\"log\" is not closed" },
        { "item \"a\" { weight = 2 ", 0, "\"item\" is not closed" },
        { "}\n", 1, "closing brace" },
        { "issuer = \"a\n", 0, "end of file" },
        { "workers = 1 /* open\n", 0, "not closed" },
        { "listen = { a,\n", 0, "" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char place[128];
        cfg_t *cfg;
        cr_assert_eq(parse(cases[i].text, &cfg), ST_INVALID, "%s", cases[i].text);
        snprintf(place, sizeof place, "%s:%d: ", path, cases[i].line);
        cr_assert_eq(strncmp(why, path, strlen(path)), 0, "%s", why);
        cr_assert(!cases[i].line || strncmp(why, place, strlen(place)) == 0, "%s -> %s",
                  cases[i].text, why);
        cr_assert_not_null(strstr(why, cases[i].word), "%s -> %s", cases[i].text, why);
    }
}

Test(config, comments_and_texts)
{
    static const struct {
        const char *text, *issuer;
    } cases[] = {
        { "issuer = \"http://a#b\" # c\n", "http://a#b" },
        { "issuer = http://a//b # c\n", "http://a//b" },
        { "issuer = \"a\\\"#b\" // c\n", "a\"#b" },
        { "issuer = 'a \"# b' # \"\n", "a \"# b" },
        { "# issuer = a\nissuer = b", "b" },
        { "/* issuer = a # */ issuer = b", "b" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cfg_t *cfg;
        cr_assert_eq(parse(cases[i].text, &cfg), ST_OK, "%s: %s", cases[i].text, why);
        cr_assert_str_eq(cfg_getstr(cfg, "issuer"), cases[i].issuer);
        cfg_free(cfg);
    }
}

/* --- settings of all daemons --- */

static enum status read_settings(const char *text, struct config_daemon *out, cfg_t **cfg)
{
    cr_assert_eq(parse(text, cfg), ST_OK, "%s: %s", text, why);
    enum status st = config_daemon_read(*cfg, out, why, sizeof why);
    if (st)
        cfg_free(*cfg);
    return st;
}

Test(config, settings_that_are_refused)
{
    static const struct {
        const char *text, *word;
    } cases[] = {
        { "workers = -1", "workers must be from 0 to 256, not -1" },
        { "workers = 257", "workers" },
        { "drain_timeout = -1", "drain_timeout" },
        { "listen = { \"127.0.0.1:1\", \"nowhere\" }", "nowhere" },
        { "listen = { \"127.0.0.1:65536\" }", "65536" },
        { "listen = { \"unix:\" }", "unix:" },
        { "admin = { \"nowhere\" }", "admin \"nowhere\"" },
        { "listen = { \"[::1]:1\", \"unix:/x\" } admin = { \"[::1]:2\", \"unix:/x\" }",
          "admin \"unix:/x\"" },
        { "listen = { \"127.0.0.1:1 proxy_v2\" }", "trusted_proxies, which are empty" },
        { "listen = { \"127.0.0.1:1 proxy_v1\" } trusted_proxies = { unix }", "proxy_v1" },
        { "listen = { \"127.0.0.1:1\", \"127.0.0.1:1 proxy\" } trusted_proxies = { unix }",
          "twice" },
        { "listen = { \"[::1]:1 proxy\" } admin = { \"[::1]:1\" } trusted_proxies = { unix }",
          "admin \"[::1]:1\"" },
        { "admin = { \"[::1]:1 proxy\" } trusted_proxies = { unix }", "for listen" },
        { "http { proxy_ms = 0 }", "http proxy_ms" },
        { "trusted_proxies = { \"x\" }", "trusted_proxies" },
        { "log { level = loud }", "loud" },
        { "http { head_bytes = 1023 }", "http head_bytes" },
        { "http { head_ms = 0 }", "http head_ms" },
        { "http { headers = 65 }", "headers" },
        { "http { connections = 0 }", "connections" },
        { "rate_limit { per_address = -1 }", "rate_limit per_address" },
        { "rate_limit { per_address = 1000001 }", "rate_limit per_address" },
        { "rate_limit { address_burst = 0 }", "rate_limit address_burst" },
        { "rate_limit { client_burst = 0 }", "rate_limit client_burst" },
        { "rate_limit { ipv6_prefix = 0 }", "rate_limit ipv6_prefix" },
        { "rate_limit { ipv6_prefix = 129 }", "rate_limit ipv6_prefix" },
        { "rate_limit { entries = 1023 }", "rate_limit entries" },
        { "store { url = \"mysql://x\" }", "mysql://x" },
        { "store { url = \"redis://user:pass@host\" }", "password_file" },
        { "store { max_records = 0 }", "store max_records" },
        { "store { url = \"redis://a\" command_ms = 0 }", "command_ms" },
        { "store { url = \"redis://a\" backoff_min_ms = 50 backoff_max_ms = 49 }", "backoff" },
        { "store { url = \"redis://a\" user = x }", "password_file" },
        { "store { url = \"redis+sentinel://a\" }", "name" },
        { "store { url = \"redis+cluster://a,b/1\" }", "database" },
        { "store { url = \"redis+sentinel://a/m\" sentinel_user = x }", "sentinel_password_file" },
        { "store { url = \"redis+sentinel://a/m\" sentinel_password_file = \"/nowhere/p\" }",
          "/nowhere/p" },
        { "store { url = \"redis://a\" replicas = -1 }", "replicas" },
        { "store { url = \"redis://a\" replicas = 17 }", "replicas" },
        { "store { url = \"redis://a\" replica_ms = 0 }", "replica_ms" },
        { "store { url = \"redis://a\" watch_ms = 9 }", "watch_ms" },
        { "store { url = \"redis://a\" replicas = 1 replica_ms = 1000 }", "replica_ms" },
        { "store { url = \"redis://a\" password_file = \"/nowhere/p\" }", "/nowhere/p" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct config_daemon c;
        cfg_t *cfg;
        cr_assert_neq(read_settings(cases[i].text, &c, &cfg), ST_OK, "%s", cases[i].text);
        cr_assert_not_null(strstr(why, cases[i].word), "%s -> %s", cases[i].text, why);
    }
}

Test(config, nothing_set_means_the_defaults)
{
    struct config_daemon c;
    cfg_t *cfg;

    cr_assert_eq(read_settings("", &c, &cfg), ST_OK, "%s", why);
    cr_assert_eq(c.listen_count, 0);
    cr_assert_eq(c.workers, 0);
    cr_assert_eq(c.drain_s, 30);
    cr_assert_null(c.log_file);
    cr_assert_eq(c.log_level, LOG_INFO);
    cr_assert_eq(memcmp(&c.http, &HTTP_SERVER_DEFAULTS, sizeof c.http), 0);
    cr_assert_eq(memcmp(&c.rates, &RATE_DEFAULTS, sizeof c.rates), 0);
    cr_assert_not(c.redis);
    cr_assert_eq(c.memory.records, STORE_MEMORY_DEFAULTS.records);
    config_daemon_clear(&c);
    cfg_free(cfg);
}

Test(config, everything_set)
{
    struct config_daemon c;
    cfg_t *cfg;

    cr_assert_eq(
        read_settings("listen = { \"127.0.0.1:0\", \"[::1]:8101 proxy\", \"unix:/run/x\" }\n"
                      "admin = { \"127.0.0.1:0\", \"[::1]:9101\" }\n"
                      "workers = 256 drain_timeout = 0 user = nobody\n"
                      "trusted_proxies = { \"10.0.0.0/8\", \"unix\" }\n"
                      "log { file = \"/x\" level = debug }\n"
                      "http { head_bytes = 1024 body_bytes = 2048 headers = 8 head_ms = 1"
                      " proxy_ms = 7"
                      " body_ms = 2 idle_ms = 3 write_ms = 4 requests = 5 connections = 6 "
                      "}\n"
                      "rate_limit { per_address = 1 address_burst = 2 ipv6_prefix = 3"
                      " per_client = 4 client_burst = 5 entries = 1024 }\n"
                      "store { max_records = 1 max_value_bytes = 65536 }\n",
                      &c, &cfg),
        ST_OK, "%s", why);
    cr_assert_eq(c.listen_count, 3);
    cr_assert_str_eq(c.listen[2], "unix:/run/x");
    cr_assert_eq(c.admin_count, 2);
    cr_assert_str_eq(c.admin[1], "[::1]:9101");
    cr_assert_eq(c.workers, 256);
    cr_assert_eq(c.drain_s, 0);
    cr_assert_str_eq(c.user, "nobody");
    cr_assert_eq(c.trusted_proxy_count, 2);
    cr_assert_str_eq(c.log_file, "/x");
    cr_assert_eq(c.log_level, LOG_DEBUG);
    static const struct http_server_limits http = { .message = { 1024, 2048, 8 },
                                                    .proxy_ms = 7,
                                                    .head_ms = 1,
                                                    .body_ms = 2,
                                                    .idle_ms = 3,
                                                    .write_ms = 4,
                                                    .requests = 5,
                                                    .connections = 6 };
    cr_assert_eq(memcmp(&c.http, &http, sizeof http), 0);
    const struct rate_settings rates = { { { 1, 2 }, { 4, 5 } }, 3, 1024 };
    cr_assert_eq(memcmp(&c.rates, &rates, sizeof rates), 0);
    cr_assert_eq(c.memory.records, 1);
    cr_assert_eq(c.memory.value_bytes, 65536);
    config_daemon_clear(&c);
    cfg_free(cfg);
}

Test(config, redis)
{
    char text[512], file[] = "/tmp/vouchsafe-password-XXXXXX";
    struct config_daemon c;
    cfg_t *cfg;
    int fd = mkstemp(file);

    cr_assert_eq(write(fd, "x", 1), 1);
    close(fd);
    snprintf(
        text, sizeof text,
        "store { url = \"unix:///run/r?db=1\" user = u password_file = \"%s\" prefix = p "
        "command_ms = 1000 connect_ms = 2 backoff_min_ms = 3 backoff_max_ms = 3 max_pending = 5 "
        "replicas = 16 replica_ms = 999 watch_ms = 10 }",
        file);
    cr_assert_eq(chmod(file, 0604), 0);
    cr_assert_eq(read_settings(text, &c, &cfg), ST_DENIED);
    cr_assert_not_null(strstr(why, file));
    cr_assert_eq(chmod(file, 0600), 0);
    cr_assert_eq(read_settings(text, &c, &cfg), ST_OK, "%s", why);
    cr_assert(c.redis);
    cr_assert_str_eq(c.redis_settings.url, "unix:///run/r?db=1");
    cr_assert_str_eq(c.redis_settings.user, "u");
    cr_assert_str_eq(c.redis_settings.prefix, "p");
    cr_assert_eq(c.redis_settings.command_timeout_ms, 1000);
    cr_assert_eq(c.redis_settings.connect_timeout_ms, 2);
    cr_assert_eq(c.redis_settings.backoff_min_ms, 3);
    cr_assert_eq(c.redis_settings.backoff_max_ms, 3);
    cr_assert_eq(c.redis_settings.pending_max, 5);
    cr_assert_eq(c.redis_settings.replicas, 16);
    cr_assert_eq(c.redis_settings.replica_timeout_ms, 999);
    cr_assert_eq(c.redis_settings.watch_ms, 10);
    config_daemon_clear(&c);
    cfg_free(cfg);
    unlink(file);
}

Test(config, limits_of_an_upstream)
{
    cfg_opt_t opts[] = { CFG_SEC("limits", config_upstream_limits_opts, CFGF_NONE), CFG_END() };
    struct http_client_limits limits;
    cfg_t *cfg;

    write_text("limits { connect_ms = 0 }");
    cr_assert_eq(config_parse(path, opts, &cfg, why, sizeof why), ST_OK);
    cr_assert_eq(config_client_limits_read(cfg_getsec(cfg, "limits"), &limits, why, sizeof why),
                 ST_INVALID);
    cr_assert_not_null(strstr(why, "limits connect_ms"));
    cfg_free(cfg);
    write_text("limits { connect_ms = 7 queue = 1 }");
    cr_assert_eq(config_parse(path, opts, &cfg, why, sizeof why), ST_OK);
    cr_assert_eq(config_client_limits_read(cfg_getsec(cfg, "limits"), &limits, why, sizeof why),
                 ST_OK);
    cr_assert_eq(limits.connect_ms, 7);
    cr_assert_eq(limits.queue, 1);
    cr_assert_eq(limits.total_ms, HTTP_CLIENT_DEFAULTS.total_ms);
    cfg_free(cfg);
}

/* --- what a reload cannot change --- */

Test(config, differences_that_need_a_restart)
{
    static const struct {
        const char *a, *b, *setting;
    } cases[] = {
        { "", "", NULL },
        { "issuer = a", "issuer = b", NULL },
        { "", "listen = { \"127.0.0.1:1\" }", "listen" },
        { "listen = { \"127.0.0.1:1\" }", "listen = { \"127.0.0.1:2\" }", "listen" },
        { "", "admin = { \"127.0.0.1:1\" }", "admin" },
        { "", "workers = 1", "workers" },
        { "", "user = nobody", "user" },
        { "", "drain_timeout = 1", "drain_timeout" },
        { "", "trusted_proxies = { unix }", "trusted_proxies" },
        { "", "log { level = warn }", "log" },
        { "log { file = \"/x\" }", "log { file = \"/y\" }", "log" },
        { "", "http { idle_ms = 1 }", "http" },
        { "", "rate_limit { per_address = 1 }", NULL },
        { "", "rate_limit { entries = 2048 }", "rate_limit entries" },
        { "", "store { max_records = 1 }", "store" },
        { "", "store { url = \"redis://a\" }", "store" },
        { "store { url = \"redis://a\" }", "store { url = \"redis://b\" }", "store" },
        { "store { url = \"redis://a\" }", "store { url = \"redis://a\" }", NULL },
        { "store { url = \"redis://a\" }", "store { url = \"redis://a\" replicas = 1 }", "store" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct config_daemon a, b;
        cfg_t *cfg_a, *cfg_b;
        cr_assert_eq(read_settings(cases[i].a, &a, &cfg_a), ST_OK);
        cr_assert_eq(read_settings(cases[i].b, &b, &cfg_b), ST_OK);
        const char *setting = config_daemon_difference(&a, &b);
        cr_assert(setting && cases[i].setting ? strcmp(setting, cases[i].setting) == 0
                                              : setting == cases[i].setting,
                  "%s | %s", cases[i].a, cases[i].b);
        config_daemon_clear(&a);
        config_daemon_clear(&b);
        cfg_free(cfg_a);
        cfg_free(cfg_b);
    }
}
