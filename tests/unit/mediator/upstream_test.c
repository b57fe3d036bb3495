#include "upstream.h"

#include <criterion/criterion.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

static struct event_base *base;
static struct upstream *upstream;
static struct upstream_settings settings;

static void open_upstream(void)
{
    settings = (struct upstream_settings){ .name = (char *)"as", .limits = HTTP_CLIENT_DEFAULTS };
    base = event_base_new();
    cr_assert_eq(upstream_new(base, &settings, NULL, &upstream), ST_OK);
}

static void close_upstream(void)
{
    upstream_free(upstream);
    event_base_free(base);
}

TestSuite(upstream, .init = open_upstream, .fini = close_upstream);

Test(upstream, urls_that_are_not_allowed)
{
    static const struct {
        const char *url;
        enum status st;
    } rows[] = {
        { "", ST_INVALID },
        { "/token", ST_INVALID },
        { "http://as.example/token", ST_DENIED },
        { "https://as.example/token", ST_DENIED }, /* of an issuer without TLS */
        { "http://localhost?x=1", ST_INVALID },
        { "http://localhost/a#b", ST_INVALID },
    };
    struct remote r;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(upstream_remote(upstream, slice_of(rows[i].url), &r), rows[i].st, "%s",
                     rows[i].url);
}

Test(upstream, one_client_an_origin)
{
    struct remote a, b, c;

    cr_assert_eq(upstream_remote(upstream, SLICE_LIT("http://localhost/token?x=1"), &a), ST_OK);
    cr_assert_eq(upstream_remote(upstream, SLICE_LIT("http://LOCALHOST:80/par"), &b), ST_OK);
    cr_assert_eq(upstream_remote(upstream, SLICE_LIT("http://localhost:81"), &c), ST_OK);
    cr_expect_eq(a.client, b.client);
    cr_expect_neq(a.client, c.client);
    cr_expect(slice_is(a.target, "/token?x=1"));
    cr_expect(slice_is(b.target, "/par"));
    cr_expect(slice_is(c.target, "/"));
}

Test(upstream, limits)
{
    char url[UPSTREAM_URL_MAX + 2];
    struct remote r;

    memset(url, 'a', sizeof url);
    memcpy(url, "http://localhost/", 17);
    cr_expect_eq(
        upstream_remote(upstream, (struct slice){ (uint8_t *)url, UPSTREAM_URL_MAX + 1 }, &r),
        ST_TOO_LARGE);
    cr_expect_eq(upstream_remote(upstream, (struct slice){ (uint8_t *)url, UPSTREAM_URL_MAX }, &r),
                 ST_OK);
    for (int i = 1; i <= UPSTREAM_ORIGINS_MAX; i++) {
        snprintf(url, sizeof url, "http://localhost:%d/", 1000 + i);
        cr_expect_eq(upstream_remote(upstream, slice_of(url), &r),
                     i < UPSTREAM_ORIGINS_MAX ? ST_OK : ST_TOO_LARGE);
    }
}
