#include "proxy_header.h"

#include <criterion/criterion.h>
#include <string.h>

#define V2       "\r\n\r\n\0\r\nQUIT\n"
#define V4_BLOCK "\xc0\0\2\7\x7f\0\0\1\x12\x34\0\x50" /* 192.0.2.7 to 127.0.0.1 */
#define V6_BLOCK                                                                                   \
    "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7"                                                       \
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"                                                             \
    "\x12\x34\0\x50"

static const char *source(const struct proxy_header *header)
{
    static char text[PEER_TEXT_MAX];

    peer_text(&header->source, text);
    return text;
}

struct good {
    struct slice text;
    const char *source; /* NULL: local */
};

static const struct good good_v2[] = {
    { SLICE_LIT(V2 "\x21\x11\0\x0c" V4_BLOCK), "192.0.2.7" },
    { SLICE_LIT(V2 "\x21\x21\0\x24" V6_BLOCK), "2001:db8::7" },
    /* NOOP of two bytes, and one of none */
    { SLICE_LIT(V2 "\x21\x11\0\x14" V4_BLOCK "\4\0\2\0\0"
                   "\4\0\0"),
      "192.0.2.7" },
    /* what HAProxy 2.6 sends with "send-proxy-v2 proxy-v2-options crc32c" */
    { SLICE_LIT(V2 "\x21\x11\0\x13" V4_BLOCK "\3\0\4"
                   "\xdd\x2e\x56\x70"),
      "192.0.2.7" },
    { SLICE_LIT(V2 "\x20\0\0\0"), NULL },
    { SLICE_LIT(V2 "\x20\x11\0\x0c" V4_BLOCK), NULL },
    { SLICE_LIT(V2 "\x20\xff\0\3abc"), NULL },
};

static const struct good good_v1[] = {
    { SLICE_LIT("PROXY TCP4 192.0.2.7 127.0.0.1 4660 80\r\n"), "192.0.2.7" },
    { SLICE_LIT("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"), "255.255.255.255" },
    { SLICE_LIT("PROXY TCP6 2001:db8::7 ::1 0 1\r\n"), "2001:db8::7" },
    { SLICE_LIT("PROXY TCP6 ::ffff:192.0.2.7 ::1 1 1\r\n"), "192.0.2.7" },
};

/* Every beginning of it wants more; the whole is read, and what follows it is not. */
static void expect_good(const struct good *row, enum proxy_mode mode)
{
    uint8_t text[256];
    struct proxy_header header;
    size_t consumed;

    memcpy(text, row->text.data, row->text.len);
    memcpy(text + row->text.len, "GET /", 5);
    for (size_t len = 0; len < row->text.len; len++)
        cr_assert_eq(proxy_header_read((struct slice){ text, len }, mode, &header, &consumed),
                     PROXY_MORE, "%zu of %s", len, row->source);
    for (size_t more = 0; more <= 5; more++) {
        struct slice in = { text, row->text.len + more };
        cr_assert_eq(proxy_header_read(in, mode, &header, &consumed), PROXY_DONE, "%s",
                     row->source);
        cr_expect_eq(consumed, row->text.len);
        cr_expect_eq(header.local, row->source == NULL);
        if (row->source)
            cr_expect_str_eq(source(&header), row->source);
    }
}

Test(proxy_header, what_is_read)
{
    for (size_t i = 0; i < sizeof good_v2 / sizeof good_v2[0]; i++) {
        expect_good(&good_v2[i], PROXY_V2);
        expect_good(&good_v2[i], PROXY_ANY);
    }
    for (size_t i = 0; i < sizeof good_v1 / sizeof good_v1[0]; i++)
        expect_good(&good_v1[i], PROXY_ANY);
}

static enum proxy_progress read(struct slice in, enum proxy_mode mode)
{
    struct proxy_header header;
    size_t consumed;

    return proxy_header_read(in, mode, &header, &consumed);
}

Test(proxy_header, version_1_is_read_only_where_it_is_wanted)
{
    for (size_t i = 0; i < sizeof good_v1 / sizeof good_v1[0]; i++)
        for (size_t len = 1; len <= good_v1[i].text.len; len++)
            cr_expect_eq(read((struct slice){ good_v1[i].text.data, len }, PROXY_V2),
                         PROXY_REFUSED);
}

Test(proxy_header, what_is_refused)
{
    static const struct slice rows[] = {
        SLICE_LIT("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        SLICE_LIT("\r\n\r\n\r\n"),
        SLICE_LIT("PRI * HTTP/2.0\r\n\r\n"),
        SLICE_LIT("\x16\3\1"),
        /* version 1 */
        SLICE_LIT("proxy TCP4 192.0.2.7 127.0.0.1 1 2\r\n"),
        SLICE_LIT("PROXY\r\n"),
        SLICE_LIT("PROXY \r\n"),
        SLICE_LIT("PROXY UNKNOWN\r\n"),
        SLICE_LIT("PROXY UNKNOWN 192.0.2.7 127.0.0.1 1 2\r\n"),
        SLICE_LIT("PROXY UDP4 192.0.2.7 127.0.0.1 1 2\r\n"),
        SLICE_LIT("PROXY TCP4 192.0.2.7 127.0.0.1 1\r\n"),
        SLICE_LIT("PROXY TCP4 192.0.2.7 127.0.0.1 1 2 3\r\n"),
        SLICE_LIT("PROXY TCP4 192.0.2.7 127.0.0.1 1 2 \r\n"),
        SLICE_LIT("PROXY TCP4  192.0.2.7 127.0.0.1 1 2\r\n"),
        SLICE_LIT("PROXY TCP4\t192.0.2.7 127.0.0.1 1 2\r\n"),
        SLICE_LIT("PROXY TCP4 192.0.2.7 127.0.0.1 1 65536\r\n"),
        SLICE_LIT("PROXY TCP4 192.0.2.7 127.0.0.1 -1 2\r\n"),
        SLICE_LIT("PROXY TCP4 192.0.2.7 127.0.0.1 01 2\r\n"),
        SLICE_LIT("PROXY TCP4 192.0.2.07 127.0.0.1 1 2\r\n"),
        SLICE_LIT("PROXY TCP4 192.0.2 127.0.0.1 1 2\r\n"),
        SLICE_LIT("PROXY TCP4 192.0.2.256 127.0.0.1 1 2\r\n"),
        SLICE_LIT("PROXY TCP4 192.0.2.7 x 1 2\r\n"),
        SLICE_LIT("PROXY TCP4 192.0.2.7\0 127.0.0.1 1 2\r\n"),
        SLICE_LIT("PROXY TCP4 2001:db8::7 ::1 1 2\r\n"),
        SLICE_LIT("PROXY TCP6 192.0.2.7 127.0.0.1 1 2\r\n"),
        SLICE_LIT("PROXY TCP6 2001:db8::7%eth0 ::1 1 2\r\n"),
        SLICE_LIT("PROXY TCP4 192.0.2.7 127.0.0.1 1 2\n"),
        SLICE_LIT("PROXY TCP4 192.0.2.7 127.0.0.1 1 2\r\r\n"),
        /* version 2 */
        SLICE_LIT(V2 "\x11\x11\0\x0c" V4_BLOCK), /* version 1 in it */
        SLICE_LIT(V2 "\x31\x11\0\x0c" V4_BLOCK),
        SLICE_LIT(V2 "\x22\x11\0\x0c" V4_BLOCK), /* command 2 */
        SLICE_LIT(V2 "\x21\0\0\0"),              /* AF_UNSPEC */
        SLICE_LIT(V2 "\x21\0\0\x0c" V4_BLOCK),
        SLICE_LIT(V2 "\x21\x10\0\x0c" V4_BLOCK), /* no transport */
        SLICE_LIT(V2 "\x21\x12\0\x0c" V4_BLOCK), /* UDP */
        SLICE_LIT(V2 "\x21\x22\0\x24" V6_BLOCK),
        SLICE_LIT(V2 "\x21\x41\0\x0c" V4_BLOCK), /* no such family */
        SLICE_LIT(V2 "\x21\x11\0\x0b\xc0\0\2\7\x7f\0\0\1\x12\x34\0"),
        SLICE_LIT(V2 "\x21\x21\0\x0c" V4_BLOCK),      /* shorter than IPv6's */
        SLICE_LIT(V2 "\x21\x11\0\x0d" V4_BLOCK "\4"), /* extras cut short */
        SLICE_LIT(V2 "\x21\x11\0\x0e" V4_BLOCK "\4\0"),
        SLICE_LIT(V2 "\x21\x11\0\x0f" V4_BLOCK "\4\0\1"),
        SLICE_LIT(V2 "\x21\x11\0\x10" V4_BLOCK "\4\0\2\0"),
        SLICE_LIT(V2 "\x21\x11\0\x13" V4_BLOCK "\3\0\4"
                     "\xdd\x2e\x56\x71"), /* wrong sum */
        SLICE_LIT(V2 "\x21\x11\0\x12" V4_BLOCK "\3\0\3"
                     "\xdd\x2e\x56"),
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(read(rows[i], PROXY_ANY), PROXY_REFUSED, "row %zu", i);
}

static uint8_t long_text[PROXY_HEADER_MAX + 16];

/* One NOOP fills it to `len`. */
static struct slice of_length(size_t len)
{
    size_t rest = len - 16, noop = rest - 12 - 3;

    memset(long_text, 0, sizeof long_text);
    memcpy(long_text, V2 "\x21\x11\0\0" V4_BLOCK "\4", 29);
    long_text[14] = (uint8_t)(rest >> 8);
    long_text[15] = (uint8_t)rest;
    long_text[29] = (uint8_t)(noop >> 8);
    long_text[30] = (uint8_t)noop;
    return (struct slice){ long_text, len };
}

Test(proxy_header, lengths_from_both_sides)
{
    static const char v1[] = "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
                             "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n";
    uint8_t endless[PROXY_V1_MAX];

    cr_expect_eq(read(of_length(PROXY_HEADER_MAX), PROXY_V2), PROXY_DONE);
    struct slice longer = of_length(PROXY_HEADER_MAX + 1);
    cr_expect_eq(read(longer, PROXY_V2), PROXY_REFUSED);
    longer.len = 16;
    cr_expect_eq(read(longer, PROXY_V2), PROXY_REFUSED, "as soon as it is said");
    cr_expect_eq(read(slice_of(v1), PROXY_ANY), PROXY_DONE);
    memset(endless, ' ', sizeof endless);
    memcpy(endless, "PROXY", 5);
    cr_expect_eq(read((struct slice){ endless, PROXY_V1_MAX - 1 }, PROXY_ANY), PROXY_MORE);
    cr_expect_eq(read((struct slice){ endless, PROXY_V1_MAX }, PROXY_ANY), PROXY_REFUSED);
}

Test(proxy_header, modes_by_their_words)
{
    enum proxy_mode mode;

    cr_expect_eq(proxy_mode_read(SLICE_LIT(""), &mode), ST_NOT_FOUND);
    cr_expect_eq(proxy_mode_read(SLICE_LIT("proxy_v1"), &mode), ST_NOT_FOUND);
    cr_assert_eq(proxy_mode_read(SLICE_LIT("proxy_v2"), &mode), ST_OK);
    cr_expect_eq(mode, PROXY_V2);
    cr_assert_eq(proxy_mode_read(SLICE_LIT("proxy"), &mode), ST_OK);
    cr_expect_eq(mode, PROXY_ANY);
    cr_expect_str_eq(proxy_mode_word(PROXY_V2), "proxy_v2");
    cr_expect_str_eq(proxy_mode_word(PROXY_NONE), "");
}
