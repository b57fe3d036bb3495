#include "forwarded.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

static struct peer v4(const char *text)
{
    struct sockaddr_in address = { .sin_family = AF_INET };

    cr_assert_eq(inet_pton(AF_INET, text, &address.sin_addr), 1);
    return peer_of((struct sockaddr *)&address, sizeof address);
}

static struct peer v6(const char *text)
{
    struct sockaddr_in6 address = { .sin6_family = AF_INET6 };

    cr_assert_eq(inet_pton(AF_INET6, text, &address.sin6_addr), 1);
    return peer_of((struct sockaddr *)&address, sizeof address);
}

static struct peer local(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    return peer_of((struct sockaddr *)&address, sizeof address);
}

Test(forwarded, peers_as_text)
{
    char text[PEER_TEXT_MAX];
    struct peer peer = v4("10.1.2.3");

    peer_text(&peer, text);
    cr_assert_str_eq(text, "10.1.2.3");
    peer = v6("2001:db8::1");
    peer_text(&peer, text);
    cr_assert_str_eq(text, "2001:db8::1");
    peer = v6("::ffff:10.1.2.3");
    peer_text(&peer, text);
    cr_assert_str_eq(text, "10.1.2.3", "one address has one text");
    peer = local();
    peer_text(&peer, text);
    cr_assert_str_eq(text, "unix");
}

Test(forwarded, networks_that_are_none)
{
    static const char *const bad[] = {
        "",         "a",       "10.0.0.0/33",  "10.0.0.0/", "10.0.0.0/-1",
        "10.0.0/8", "::1/129", "10.0.0.0/8/8", "localhost", "10.0.0.1 "
    };
    struct trusted_proxies *t;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(trusted_proxies_new(&bad[i], 1, &t), ST_INVALID, "%s", bad[i]);
}

/* Who a request with these header lines is from. */
static const char *client(const char *const *trusted, size_t count, struct peer peer,
                          const char *lines)
{
    static char out[PEER_TEXT_MAX], text[1024];
    struct trusted_proxies *t;
    struct http1_head head;
    enum http1_error error;
    size_t scanned = 0, consumed;

    snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", lines);
    cr_assert_eq(http1_read_request(slice_of(text), &HTTP1_DEFAULT_LIMITS, &scanned, &head,
                                    &consumed, &error),
                 HTTP1_DONE);
    cr_assert_eq(trusted_proxies_new(trusted, count, &t), ST_OK);
    forwarded_client(t, &peer, &head, out);
    trusted_proxies_free(t);
    return out;
}

static const char *const proxies[] = { "10.0.0.0/8", "2001:db8::/33", "unix" };

Test(forwarded, nobody_else_is_believed)
{
    static const char *const lines[] = { "X-Forwarded-For: 6.6.6.6\r\n",
                                         "Forwarded: for=6.6.6.6\r\n" };

    for (size_t i = 0; i < 2; i++) {
        cr_assert_str_eq(client(proxies, 3, v4("11.0.0.1"), lines[i]), "11.0.0.1");
        cr_assert_str_eq(client(proxies, 3, v6("2001:db8:8000::1"), lines[i]), "2001:db8:8000::1");
        cr_assert_str_eq(client(proxies, 2, local(), lines[i]), "unix");
        cr_assert_str_eq(client(NULL, 0, v4("10.0.0.1"), lines[i]), "10.0.0.1");
    }
}

Test(forwarded, a_trusted_proxy_is)
{
    static const struct {
        const char *lines, *client;
    } cases[] = {
        { "", "10.0.0.1" },
        { "X-Forwarded-For: 203.0.113.9\r\n", "203.0.113.9" },
        { "X-Forwarded-For: 6.6.6.6, 203.0.113.9\r\n", "203.0.113.9" },
        { "X-Forwarded-For: 6.6.6.6, 203.0.113.9, 10.9.9.9\r\n", "203.0.113.9" },
        { "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 203.0.113.9\r\n", "203.0.113.9" },
        { "X-Forwarded-For: 10.9.9.9\r\n", "10.9.9.9" },
        { "X-Forwarded-For: 203.0.113.9, garbage\r\n", "10.0.0.1" },
        { "X-Forwarded-For: garbage, 10.9.9.9\r\n", "10.9.9.9" },
        { "X-Forwarded-For:\r\n", "10.0.0.1" },
        { "Forwarded: for=203.0.113.9\r\n", "203.0.113.9" },
        { "Forwarded: for=6.6.6.6, proto=https;For=\"203.0.113.9:4711\";by=10.0.0.1\r\n",
          "203.0.113.9" },
        { "Forwarded: for=\"[2001:db9::7]:4711\"\r\n", "2001:db9::7" },
        { "Forwarded: for=_hidden\r\n", "10.0.0.1" },
        { "Forwarded: by=203.0.113.9\r\n", "10.0.0.1" },
        { "Forwarded: for=203.0.113.9\r\nX-Forwarded-For: 6.6.6.6\r\n", "10.0.0.1" },
        { "X-Forwarded-For: 203.0.113.9:4711\r\n", "203.0.113.9" },
        { "X-Forwarded-For: 2001:db9::7\r\n", "2001:db9::7" },
        { "X-Forwarded-For: [2001:db9::7]:4711\r\n", "2001:db9::7" },
        { "X-Forwarded-For: ::ffff:203.0.113.9\r\n", "203.0.113.9" },
        { "X-Forwarded-For: 6.6.6.6, ::ffff:10.9.9.9\r\n", "6.6.6.6" },
        { "X-Forwarded-For: 1.2.3\r\n", "10.0.0.1" },
        { "X-Forwarded-For: ,\r\n", "10.0.0.1" },
        { "X-Forwarded-For: unix\r\n", "10.0.0.1" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_assert_str_eq(client(proxies, 3, v4("10.0.0.1"), cases[i].lines), cases[i].client, "%s",
                         cases[i].lines);
    cr_assert_str_eq(client(proxies, 3, local(), cases[1].lines), "203.0.113.9");
    cr_assert_str_eq(client(proxies, 3, v6("2001:db8:7fff::1"), cases[1].lines), "203.0.113.9");
}

/* What a client said may come back quoted: it names nobody (RFC 7239 §4). */
Test(forwarded, what_is_quoted_is_text)
{
    static const char *const lines[] = {
        "Forwarded: for=203.0.113.9;host=\"a,for=6.6.6.6\"\r\n",
        "Forwarded: host=\"a;for=6.6.6.6\";for=203.0.113.9\r\n",
        "Forwarded: host=\"a\\\";for=6.6.6.6\";for=203.0.113.9\r\n",
        "Forwarded: host=\"a\\\\\";for=203.0.113.9\r\n",
        "Forwarded: for=6.6.6.6;host=\"a, for=203.0.113.9\r\n",
        "Forwarded: for=\"6.6.6.6\", host=\", for=\"203.0.113.9\"\r\n",
    };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        cr_expect_str_eq(client(proxies, 3, v4("10.0.0.1"), lines[i]), "203.0.113.9", "%s",
                         lines[i]);
}

Test(forwarded, the_edges_of_networks)
{
    static const struct {
        const char *network, *outside, *inside;
    } rows[] = {
        { "10.0.0.0/8", "11.0.0.0", "10.255.255.255" },
        { "10.0.0.0/8", "9.255.255.255", "10.0.0.0" },
        { "10.1.2.3/9", "10.128.0.0", "10.127.255.255" },
        { "10.0.0.128/25", "10.0.0.127", "10.0.0.128" },
        { "10.0.0.2/31", "10.0.0.4", "10.0.0.3" },
        { "10.0.0.2/32", "10.0.0.3", "10.0.0.2" },
        { "10.0.0.2", "10.0.0.3", "10.0.0.2" },
        { "0.0.0.0/0", "::1", "255.255.255.255" },
        { "::ffff:10.0.0.0/104", "11.0.0.0", "10.0.0.1" },
        { "2001:db8::/33", "2001:db8:8000::", "2001:db8:7fff::" },
        { "2001:db8::2/127", "2001:db8::4", "2001:db8::3" },
        { "2001:db8::2/128", "2001:db8::3", "2001:db8::2" },
        { "::1", "::2", "::1" },
    };
    static const char line[] = "X-Forwarded-For: 203.0.113.9\r\n";

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool v6_out = strchr(rows[i].outside, ':'), v6_in = strchr(rows[i].inside, ':');
        struct peer outside = v6_out ? v6(rows[i].outside) : v4(rows[i].outside);
        struct peer inside = v6_in ? v6(rows[i].inside) : v4(rows[i].inside);
        cr_expect_str_neq(client(&rows[i].network, 1, outside, line), "203.0.113.9", "%s",
                          rows[i].network);
        cr_expect_str_eq(client(&rows[i].network, 1, inside, line), "203.0.113.9", "%s",
                         rows[i].network);
    }
}
