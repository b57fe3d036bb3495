#include "url.h"

#include <criterion/criterion.h>
#include <string.h>

Test(url, refusals)
{
    static const char *const bad[] = {
        "",
        "a",
        "/a",
        "//a",
        "ftp://a",
        "http:/a",
        "http:a",
        "http://",
        "http:///a",
        "https://?a",
        "http://u@a",
        "http://u:p@a/",
        "http://a/#b",
        "http://a#b",
        "http://a b",
        "http://a/b c",
        "http://a:0/",
        "http://a:65536/",
        "http://a:/",
        "http://a:b/",
        "http://a:1:2/",
        "http://[::1/",
        "http://::1/",
        "http://a/%zz",
        "http://a/\n",
        "http://a/\x7f",
        " http://a",
        "http://a\\b/",
        "javascript:alert(1)",
        "http://a/?%g",
        "data:text/html,a",
    };
    struct url url;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(url_read(slice_of(bad[i]), &url), ST_INVALID, "%s", bad[i]);
}

Test(url, what_passes)
{
    static const struct {
        const char *text, *host, *authority, *path, *query;
        unsigned port;
        bool tls;
    } good[] = {
        { "http://a", "a", "a", "/", "", 80, false },
        { "https://a", "a", "a", "/", "", 443, true },
        { "HTTPS://A.example/b", "A.example", "A.example", "/b", "", 443, true },
        { "http://a:8080/b/c?d=e?f", "a", "a:8080", "/b/c", "d=e?f", 8080, false },
        { "http://a?b", "a", "a", "/", "b", 80, false },
        { "https://[::1]:8443/", "::1", "[::1]:8443", "/", "", 8443, true },
        { "https://[::1]", "::1", "[::1]", "/", "", 443, true },
        { "http://127.0.0.1:65535/%41", "127.0.0.1", "127.0.0.1:65535", "/%41", "", 65535, false },
    };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct url url;
        cr_assert_eq(url_read(slice_of(good[i].text), &url), ST_OK, "%s", good[i].text);
        cr_assert(slice_is(url.host, good[i].host));
        cr_assert(slice_is(url.authority, good[i].authority));
        cr_assert(slice_is(url.path, good[i].path));
        cr_assert(slice_is(url.query, good[i].query));
        cr_assert_eq(url.port, good[i].port);
        cr_assert_eq(url.tls, good[i].tls);
    }
}

Test(url, escaping)
{
    uint8_t text[64];
    struct writer w = writer_over(text, sizeof text);

    url_escape(&w, SLICE_LIT("a-._~Z9 /&=+%\xc3\xa9"));
    cr_assert(slice_is(writer_slice(&w), "a-._~Z9%20%2F%26%3D%2B%25%C3%A9"));
}

Test(url, the_length_of_a_host_from_both_sides)
{
    char text[7 + URL_HOST_MAX + 2] = "http://";
    struct url url;

    memset(text + 7, 'a', URL_HOST_MAX);
    cr_assert_eq(url_read(slice_of(text), &url), ST_OK);
    text[7 + URL_HOST_MAX] = 'a';
    cr_assert_eq(url_read(slice_of(text), &url), ST_INVALID);
}
