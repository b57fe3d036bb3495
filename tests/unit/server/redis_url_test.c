#include "redis_url.h"

#include <criterion/criterion.h>
#include <string.h>

Test(redis_url, refused)
{
    static const struct {
        const char *text;
        enum status st;
    } cases[] = {
        { "", ST_UNSUPPORTED },
        { "memory:", ST_UNSUPPORTED },
        { "rediss://a", ST_UNSUPPORTED },
        { "REDIS://a", ST_UNSUPPORTED },
        { "redis://", ST_INVALID },
        { "redis:///0", ST_INVALID },
        { "redis://:6379", ST_INVALID },
        { "redis://a:", ST_INVALID },
        { "redis://a:0", ST_INVALID },
        { "redis://a:65536", ST_INVALID },
        { "redis://a:6379x", ST_INVALID },
        { "redis://a/x", ST_INVALID },
        { "redis://a/-1", ST_INVALID },
        { "redis://a/65536", ST_INVALID },
        { "redis://a/1/2", ST_INVALID },
        { "redis://user:secret@a", ST_INVALID },
        { "redis://secret@a/1", ST_INVALID },
        { "redis://::1", ST_INVALID },
        { "redis://[::1", ST_INVALID },
        { "redis://[]", ST_INVALID },
        { "redis://[::1]x", ST_INVALID },
        { "redis://[::1]:", ST_INVALID },
        { "unix://", ST_INVALID },
        { "unix://relative", ST_INVALID },
        { "unix:///a?db=", ST_INVALID },
        { "unix:///a?db=x", ST_INVALID },
        { "unix:///a?password=x", ST_INVALID },
        { "unix:///a?", ST_INVALID },
        { "sentinel://a/m", ST_UNSUPPORTED },
        { "redis+sentinel://a", ST_INVALID },
        { "redis+sentinel://a/", ST_INVALID },
        { "redis+sentinel:///m", ST_INVALID },
        { "redis+sentinel://a,/m", ST_INVALID },
        { "redis+sentinel://,a/m", ST_INVALID },
        { "redis+sentinel://a,b:0/m", ST_INVALID },
        { "redis+sentinel://a/m/", ST_INVALID },
        { "redis+sentinel://a/m/x", ST_INVALID },
        { "redis+sentinel://a,user:secret@b/m", ST_INVALID },
        { "redis+sentinel://1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17/m", ST_INVALID },
        { "redis+cluster://", ST_INVALID },
        { "redis+cluster://a,", ST_INVALID },
        { "redis+cluster://a,b:65536", ST_INVALID },
        { "redis+cluster://a,b/0", ST_INVALID },
        { "redis+cluster://secret@a", ST_INVALID },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct redis_url url;
        const char *why = "";
        cr_assert_eq(redis_url_read(cases[i].text, &url, &why), cases[i].st, "%s", cases[i].text);
        cr_assert(why[0], "%s", cases[i].text);
        cr_assert_null(strstr(why, "secret"), "%s", cases[i].text);
    }
}

Test(redis_url, taken)
{
    static const struct {
        const char *text, *host, *path;
        unsigned port, db;
    } cases[] = {
        { "redis://a", "a", "", 6379, 0 },
        { "redis://a/", "a", "", 6379, 0 },
        { "redis://redis.example:1/65535", "redis.example", "", 1, 65535 },
        { "redis://127.0.0.1:65535", "127.0.0.1", "", 65535, 0 },
        { "redis://[::1]", "::1", "", 6379, 0 },
        { "redis://[fe80::2]:7000/3", "fe80::2", "", 7000, 3 },
        { "unix:///run/redis.sock", "", "/run/redis.sock", 0, 0 },
        { "unix:///run/redis.sock?db=5", "", "/run/redis.sock", 0, 5 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct redis_url url;
        const char *why = "";
        cr_assert_eq(redis_url_read(cases[i].text, &url, &why), ST_OK, "%s: %s", cases[i].text,
                     why);
        cr_assert_str_eq(url.seeds[0].host, cases[i].host);
        cr_assert_str_eq(url.seeds[0].path, cases[i].path);
        cr_assert_eq(url.kind, REDIS_SINGLE);
        cr_assert_eq(url.seed_count, 1);
        cr_assert_eq(url.seeds[0].port, cases[i].port);
        cr_assert_eq(url.db, cases[i].db);
    }
}

/* sun_path holds 107 bytes and a NUL, a name 253. */
Test(redis_url, lengths)
{
    static const struct {
        const char *scheme;
        size_t longest;
        char first;
    } cases[] = { { "unix://", REDIS_PATH_MAX, '/' }, { "redis://", REDIS_HOST_MAX, 'a' } };

    for (size_t i = 0; i < 2; i++)
        for (size_t over = 0; over < 2; over++) {
            char text[300] = "";
            struct redis_url url;
            const char *why;
            strcpy(text, cases[i].scheme);
            memset(text + strlen(text), 'a', cases[i].longest + over);
            text[strlen(cases[i].scheme)] = cases[i].first;
            cr_assert_eq(redis_url_read(text, &url, &why), over ? ST_INVALID : ST_OK);
        }
}

Test(redis_url, several_hosts)
{
    static const struct {
        const char *text;
        enum redis_kind kind;
        size_t count;
        const char *last;
        unsigned port;
        const char *name;
        unsigned db;
    } cases[] = {
        { "redis+sentinel://a/m", REDIS_SENTINEL, 1, "a", 26379, "m", 0 },
        { "redis+sentinel://a,b:7,[::1]/m-1.x/3", REDIS_SENTINEL, 3, "::1", 26379, "m-1.x", 3 },
        { "redis+cluster://a", REDIS_CLUSTER, 1, "a", 6379, "", 0 },
        { "redis+cluster://a,b:7000/", REDIS_CLUSTER, 2, "b", 7000, "", 0 },
        { "redis+cluster://1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", REDIS_CLUSTER, 16, "16", 6379,
          "", 0 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct redis_url url;
        const char *why = "";
        cr_assert_eq(redis_url_read(cases[i].text, &url, &why), ST_OK, "%s: %s", cases[i].text,
                     why);
        cr_assert_eq(url.kind, cases[i].kind);
        cr_assert_eq(url.seed_count, cases[i].count);
        cr_assert_str_eq(url.seeds[url.seed_count - 1].host, cases[i].last);
        cr_assert_eq(url.seeds[url.seed_count - 1].port, cases[i].port);
        cr_assert_str_eq(url.name, cases[i].name);
        cr_assert_eq(url.db, cases[i].db);
    }
}

Test(redis_url, endpoints_as_redirections_name_them)
{
    static const struct {
        const char *text, *host;
        unsigned port;
    } cases[] = { { "10.0.0.1:7000", "10.0.0.1", 7000 },
                  { "::1:7000", "::1", 7000 },
                  { ":7000", "asked", 7000 },
                  { "a:0", NULL, 0 },
                  { "a:", NULL, 0 },
                  { "a", NULL, 0 },
                  { "", NULL, 0 },
                  { "a:70000", NULL, 0 } };
    const struct redis_endpoint asked = { .host = "asked", .port = 1 };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct redis_endpoint e;
        enum status st = redis_endpoint_read(slice_of(cases[i].text), &asked, &e);
        cr_assert_eq(st, cases[i].host ? ST_OK : ST_INVALID, "%s", cases[i].text);
        if (cases[i].host) {
            cr_assert_str_eq(e.host, cases[i].host);
            cr_assert_eq(e.port, cases[i].port);
        }
    }
}
