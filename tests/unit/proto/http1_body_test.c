#include "http1_cases.h"

static const struct http1_limits limits = { .head = 1000, .body = 100, .headers = 64 };

static const struct http1_head chunked = { .chunked = true };

/* Feeds `text` piece by piece into a buffer, as a connection does: decoded bytes gather at the
 * front. Returns the last progress; *decoded and *used count in all. */
static enum http1_progress feed(const struct http1_head *head, struct slice text,
                                enum segmentation how, uint8_t *out, size_t *decoded, size_t *used,
                                enum http1_error *error)
{
    enum http1_progress progress = HTTP1_MORE;
    struct http1_body body;
    unsigned seed = 7;
    size_t at = 0;

    http1_body_begin(&body, head, &limits);
    *decoded = *used = 0;
    while (progress == HTTP1_MORE && at < text.len) {
        size_t n = segment_len(how, text.len - at, &seed), d, u;
        memcpy(out + *decoded, text.data + at, n);
        progress = http1_body_read(&body, out + *decoded, n, &d, &u, error);
        *decoded += d;
        *used += u;
        at += n;
    }
    return progress;
}

static const struct http1_case bad[] = {
    CASE("\r\n", HTTP1_MALFORMED),
    CASE("g\r\n", HTTP1_MALFORMED),
    CASE("-1\r\n", HTTP1_MALFORMED),
    CASE("+1\r\na\r\n0\r\n\r\n", HTTP1_MALFORMED),
    CASE(" 1\r\na\r\n0\r\n\r\n", HTTP1_MALFORMED),
    CASE("1 \r\na\r\n0\r\n\r\n", HTTP1_MALFORMED),
    CASE("0x1\r\na\r\n0\r\n\r\n", HTTP1_MALFORMED),
    CASE("000000001\r\na\r\n0\r\n\r\n", HTTP1_MALFORMED),
    CASE("100000000\r\n", HTTP1_MALFORMED),
    CASE("ffffffff\r\n", HTTP1_BODY_TOO_LARGE),
    CASE("65\r\n", HTTP1_BODY_TOO_LARGE),
    CASE("40\r\n0123456789012345678901234567890123456789012345678901234567890123\r\n25\r\n",
         HTTP1_BODY_TOO_LARGE),
    CASE("1\na\n0\n\n", HTTP1_MALFORMED),
    CASE("1\r\na\n0\r\n\r\n", HTTP1_MALFORMED),
    CASE("1\r\nab\r\n0\r\n\r\n", HTTP1_MALFORMED),
    CASE("2\r\na\r\n0\r\n\r\n", HTTP1_MALFORMED),
    CASE("1\r\na0\r\n\r\n", HTTP1_MALFORMED),
    CASE("1\ra\r\n0\r\n\r\n", HTTP1_MALFORMED),
    CASE("1;a\nb\r\na\r\n0\r\n\r\n", HTTP1_MALFORMED),
    CASE("1;\x01\r\na\r\n0\r\n\r\n", HTTP1_MALFORMED),
    CASE("1;a\rb\r\na\r\n0\r\n\r\n", HTTP1_MALFORMED),
    CASE("1;\r\na\r\n0\r\n\r\n", HTTP1_MALFORMED),
    CASE("1; a\r\na\r\n0\r\n\r\n", HTTP1_MALFORMED),
    CASE("1;a \r\na\r\n0\r\n\r\n", HTTP1_MALFORMED),
    CASE("1;;a\r\na\r\n0\r\n\r\n", HTTP1_MALFORMED),
    CASE("1;a=\r\na\r\n0\r\n\r\n", HTTP1_MALFORMED),
    CASE("1;a=b=c\r\na\r\n0\r\n\r\n", HTTP1_MALFORMED),
    CASE("1;=b\r\na\r\n0\r\n\r\n", HTTP1_MALFORMED),
    CASE("1;\"a\"\r\na\r\n0\r\n\r\n", HTTP1_MALFORMED),
    CASE("1;a=\"\r\na\r\n0\r\n\r\n", HTTP1_MALFORMED),
    CASE("1;a=\"b\\\"\r\na\r\n0\r\n\r\n", HTTP1_MALFORMED),
    CASE("1;a=\"b\"c\r\na\r\n0\r\n\r\n", HTTP1_MALFORMED),
    CASE("1;a=\"\r\n\"\r\na\r\n0\r\n\r\n", HTTP1_MALFORMED),
    CASE("1;\xff\r\na\r\n0\r\n\r\n", HTTP1_MALFORMED),
    CASE("0\r\n\n", HTTP1_MALFORMED),
    CASE("0\r\n\rX", HTTP1_MALFORMED),
    CASE("0\r\nX: a\n\r\n", HTTP1_MALFORMED),
    CASE("0\r\nX: \0\r\n\r\n", HTTP1_MALFORMED),
    CASE("0\r\nX: a\rb\r\n\r\n", HTTP1_MALFORMED),
    CASE("0\r\nGET / HTTP/1.1\r\n\r\n", HTTP1_MALFORMED),
    CASE("0\r\nX\r\n\r\n", HTTP1_MALFORMED),
    CASE("0\r\n: a\r\n\r\n", HTTP1_MALFORMED),
    CASE("0\r\nX : a\r\n\r\n", HTTP1_MALFORMED),
    CASE("0\r\nX: a\r\n b\r\n\r\n", HTTP1_MALFORMED),
    CASE("1,1\r\na\r\n0\r\n\r\n", HTTP1_MALFORMED),
};

Test(http1_body, bad_chunks)
{
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        for (int how = 0; how < SEGMENTATION_COUNT; how++) {
            uint8_t out[512];
            enum http1_error error = HTTP1_OK;
            size_t decoded, used;
            cr_assert_eq(
                feed(&chunked, bad[i].text, (enum segmentation)how, out, &decoded, &used, &error),
                HTTP1_REFUSED, "%s", bad[i].text.data);
            cr_assert_eq(error, bad[i].error, "%s", bad[i].text.data);
        }
}

Test(http1_body, good_chunks)
{
    static const struct {
        struct slice text;
        const char *body;
    } good[] = {
        { SLICE_LIT("0\r\n\r\n"), "" },
        { SLICE_LIT("00000000\r\n\r\n"), "" },
        { SLICE_LIT("1\r\na\r\n0\r\n\r\n"), "a" },
        { SLICE_LIT("00000003\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), "abcde" },
        { SLICE_LIT("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"), "01234567890123456789" },
        { SLICE_LIT("4\r\n\r\n\r\n\r\n0\r\n\r\n"), "\r\n\r\n" },
        { SLICE_LIT("1;x\r\na\r\n0;last\r\n\r\n"), "a" },
        { SLICE_LIT("1;x=\"y;z\"\r\na\r\n0\r\n\r\n"), "a" },
        { SLICE_LIT("1;x=y;z=\"\";v=\"\\\"\t\\\\\"\r\na\r\n0;x;y\r\n\r\n"), "a" },
        { SLICE_LIT("1\r\na\r\n0\r\nX: y\r\nHost: evil\r\nContent-Length: 9\r\n\r\n"), "a" },
    };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        for (int how = 0; how < SEGMENTATION_COUNT; how++) {
            uint8_t out[512];
            enum http1_error error;
            size_t decoded, used;
            cr_assert_eq(
                feed(&chunked, good[i].text, (enum segmentation)how, out, &decoded, &used, &error),
                HTTP1_DONE, "%s", good[i].text.data);
            cr_assert(slice_is((struct slice){ out, decoded }, good[i].body));
            cr_assert_eq(used, good[i].text.len);
        }
}

Test(http1_body, what_follows_is_left_to_the_next_message)
{
    const struct http1_head length = { .has_length = true, .content_length = 3 };
    const struct {
        const struct http1_head *head;
        struct slice text;
    } cases[] = { { &chunked, SLICE_LIT("3\r\nabc\r\n0\r\n\r\nGET") },
                  { &length, SLICE_LIT("abcGET") } };

    for (size_t i = 0; i < 2; i++) {
        uint8_t out[64];
        enum http1_error error;
        size_t decoded, used;
        cr_assert_eq(feed(cases[i].head, cases[i].text, WHOLE, out, &decoded, &used, &error),
                     HTTP1_DONE);
        cr_assert(slice_is((struct slice){ out, decoded }, "abc"));
        cr_assert_eq(used, cases[i].text.len - 3);
    }
}

Test(http1_body, limits_from_both_sides)
{
    static uint8_t text[8192], out[8192];
    const struct http1_head close = { .until_close = true };
    enum http1_error error;
    size_t decoded, used;

    memset(text, 'a', sizeof text);
    cr_assert_eq(feed(&close, (struct slice){ text, 100 }, BYTES, out, &decoded, &used, &error),
                 HTTP1_MORE);
    cr_assert_eq(decoded, 100);
    cr_assert_eq(feed(&close, (struct slice){ text, 101 }, BYTES, out, &decoded, &used, &error),
                 HTTP1_REFUSED);
    cr_assert_eq(error, HTTP1_BODY_TOO_LARGE);

    for (size_t len = 256; len <= 257; len++) { /* of an extension */
        memset(text, 'a', sizeof text);
        memcpy(text, "1;", 2);
        memcpy(text + 2 + len, "\r\nx\r\n0\r\n\r\n", 10);
        cr_assert_eq(
            feed(&chunked, (struct slice){ text, 12 + len }, RANDOM, out, &decoded, &used, &error),
            len == 256 ? HTTP1_DONE : HTTP1_REFUSED);
    }
    for (size_t len = 4096; len <= 4097; len++) { /* of all trailers */
        memset(text, 'a', sizeof text);
        memcpy(text, "0\r\nX:", 5);
        memcpy(text + 3 + len, "\r\n\r\n", 4);
        cr_assert_eq(
            feed(&chunked, (struct slice){ text, 7 + len }, RANDOM, out, &decoded, &used, &error),
            len == 4096 ? HTTP1_DONE : HTTP1_REFUSED);
    }
}

Test(http1_body, where_the_end_of_connection_is_an_end)
{
    static const struct {
        struct http1_head head;
        bool ends;
    } cases[] = { { { .until_close = true }, true },
                  { { .chunked = true }, false },
                  { { .has_length = true, .content_length = 1 }, false },
                  { { .has_length = true }, true } };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http1_body body;
        http1_body_begin(&body, &cases[i].head, &limits);
        cr_assert_eq(http1_body_ends_at_close(&body), cases[i].ends, "%zu", i);
    }
}
