/* Requests as http1_head.c reads them. */
#include "http1_cases.h"

#define H    "Host: a\r\n"
#define GET  "GET / HTTP/1.1\r\n"
#define POST "POST /p HTTP/1.1\r\n" H

static const struct http1_case bad[] = {
    /* the request line */
    CASE("\r\n\r\n", HTTP1_MALFORMED),
    CASE("\r\nGET / HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE(" GET / HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET /\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET  / HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET /  HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET / HTTP/1.1 \r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET\t/ HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET / a HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("G(T / HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("G\xc3\x89T / HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET: / HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("/ HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET / http/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET / HTTP/1.10\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET / HTTP/11\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET / HTTP/1,1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET / HTTP/a.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET / HTTP/0.9\r\n" H "\r\n", HTTP1_VERSION),
    CASE("GET / HTTP/1.2\r\n" H "\r\n", HTTP1_VERSION),
    CASE("GET / HTTP/2.0\r\n" H "\r\n", HTTP1_VERSION),
    CASE("GET / ICY/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", HTTP1_MALFORMED),
    /* the target */
    CASE("GET * HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("OPTIONS * HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET http://a/ HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("CONNECT a:443 HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("CONNECT /a HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET a HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET ?a HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET /a#b HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET /a%2 HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET /a%2g HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET /a% HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET /?a%zz HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET /\x7f HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET /\x01 HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET /\xc3\xa9 HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET /a\"b HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET /a<b> HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET /a\\b HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET /a^b HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET /{a} HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET /a|b HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET /a`b HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    /* ends of lines, controls */
    CASE("GET / HTTP/1.1\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET / HTTP/1.1\r\nHost: a\n\r\n", HTTP1_MALFORMED),
    CASE(GET H "\n", HTTP1_MALFORMED),
    CASE(GET "Host: a\n\n", HTTP1_MALFORMED),
    CASE(GET H "X: a\rb\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET H "X: a\r\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET H "X: a\r\n\r\r\n", HTTP1_MALFORMED),
    CASE(GET H "X: a\0b\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET H "X\0: a\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET H "X: a\x01\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET H "X: a\x08\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET H "X: a\x0b\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET H "X: a\x0c\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET H "X: a\x1b\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET H "X: a\x7f\r\n\r\n", HTTP1_MALFORMED),
    CASE("\x16\x03\x01\x02\x00\x01", HTTP1_MALFORMED),
    CASE("\0", HTTP1_MALFORMED),
    /* header lines */
    CASE(GET H "X: a\r\n b\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET H "X: a\r\n\tb\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET " Host: a\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET H "X : a\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET H "X\t: a\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET H " X: a\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET H ": a\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET H "X\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET H "X a\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET H "X Y: a\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET H "X/Y: a\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET H "X@Y: a\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET H "\"X\": a\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET H "X(: a\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET H "X\xc3\xa9: a\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET H "X[]: a\r\n\r\n", HTTP1_MALFORMED),
    /* Host */
    CASE(GET "\r\n", HTTP1_MALFORMED),
    CASE("GET / HTTP/1.0\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET H H "\r\n", HTTP1_MALFORMED),
    CASE(GET H "host: b\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET "Host:\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET "Host: \r\n\r\n", HTTP1_MALFORMED),
    CASE(GET "Host: a b\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET "Host: a/b\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET "Host: u@a\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET "Host: a?b\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET "Host: a#b\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET "Host: a:\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET "Host: a:b\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET "Host: a:65536\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET "Host: a:1:2\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET "Host: [::1\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET "Host: ::1\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET "Host: []\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET "Host: [::1]a\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET "Host: [::1]:\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET "Host: [gg::1]\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET "Host: a%2\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET "Host: http://a\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET "Host: a\xc3\xa9\r\n\r\n", HTTP1_MALFORMED),
    CASE(GET "Host: a\"\r\n\r\n", HTTP1_MALFORMED),
    /* Content-Length */
    CASE(POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Content-Length: 1\r\ncontent-length: 1\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Content-Length: 1, 1\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Content-Length: 1,1\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Content-Length: +1\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Content-Length: -1\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Content-Length: 0x1\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Content-Length: 1a\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Content-Length: 1 1\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Content-Length: 1.0\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Content-Length: 1e1\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Content-Length:\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Content-Length: \"1\"\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Content-Length: 18446744073709551616\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Content-Length: 99999999999999999999999999\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Content-Length: 18446744073709551615\r\n\r\n", HTTP1_BODY_TOO_LARGE),
    CASE(POST "Content-Length: 1001\r\n\r\n", HTTP1_BODY_TOO_LARGE),
    /* Transfer-Encoding */
    CASE(POST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n",
         HTTP1_NOT_IMPLEMENTED),
    CASE(POST "Transfer-Encoding: chunked, chunked\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Transfer-Encoding: gzip, chunked\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Transfer-Encoding: chunked, identity\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Transfer-Encoding: ,chunked\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Transfer-Encoding: chunked,\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Transfer-Encoding: chunked;a=b\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Transfer-Encoding: \"chunked\"\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Transfer-Encoding: chunked\x0b\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Transfer-Encoding : chunked\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Transfer-Encoding:\r\n chunked\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Transfer-Encoding:\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Transfer-Encoding: xchunked\r\n\r\n", HTTP1_NOT_IMPLEMENTED),
    CASE(POST "Transfer-Encoding: gzip\r\n\r\n", HTTP1_NOT_IMPLEMENTED),
    CASE(POST "Transfer-Encoding: identity\r\n\r\n", HTTP1_NOT_IMPLEMENTED),
    CASE("POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n", HTTP1_MALFORMED),
    /* what a decision rests on, twice */
    CASE(POST "Authorization: a\r\nAuthorization: b\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Authorization: a\r\nauthorization: a\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Content-Type: a/b\r\nContent-Type: a/b\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "DPoP: a\r\nDPoP: b\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "OAuth-Client-Attestation: a\r\nOAuth-Client-Attestation: b\r\n\r\n",
         HTTP1_MALFORMED),
    CASE(POST "OAuth-Client-Attestation: a\r\noauth-client-ATTESTATION: a\r\n\r\n",
         HTTP1_MALFORMED),
    CASE(POST "OAuth-Client-Attestation-PoP: a\r\nOAuth-Client-Attestation-PoP: b\r\n\r\n",
         HTTP1_MALFORMED),
    CASE(POST "Expect: 100-continue\r\nExpect: 100-continue\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Expect: 200-ok\r\n\r\n", HTTP1_EXPECTATION),
    CASE(POST "Expect: 100-continue, 100-continue\r\n\r\n", HTTP1_EXPECTATION),
    CASE(POST "Expect:\r\n\r\n", HTTP1_EXPECTATION),
    CASE(POST "Connection: close; a\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Connection: \"close\"\r\n\r\n", HTTP1_MALFORMED),
    CASE(POST "Connection: clo se\r\n\r\n", HTTP1_MALFORMED),
    /* smuggling: one message that two readers would end in different places */
    CASE("POST / HTTP/1.1\r\n" H
         "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
         HTTP1_MALFORMED),
    CASE("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-encoding: cow\r\n\r\n",
         HTTP1_MALFORMED),
    CASE("POST / HTTP/1.1\r\n" H "Transfer-Encoding\n: chunked\r\n\r\n", HTTP1_MALFORMED),
    CASE("POST / HTTP/1.1\r\n" H "X: X\nTransfer-Encoding: chunked\r\n\r\n", HTTP1_MALFORMED),
    CASE("POST / HTTP/1.1\r\n" H "X: X\rTransfer-Encoding: chunked\r\n\r\n", HTTP1_MALFORMED),
    CASE("POST / HTTP/1.1\r\n" H "Content-Length: 0\r\n\tContent-Length: 5\r\n\r\n",
         HTTP1_MALFORMED),
    CASE("GET / HTTP/1.1\r\n" H "Content-Length: 5\rX: y\r\n\r\n", HTTP1_MALFORMED),
    CASE("GET / HTTP/1.1 HTTP/1.1\r\n" H "\r\n", HTTP1_MALFORMED),
    CASE("GET /a HTTP/1.1\r\nX: y GET /b HTTP/1.1\r\n\r\n", HTTP1_MALFORMED),
};

static const struct slice good[] = {
    SLICE_LIT(GET H "\r\n"),
    SLICE_LIT("GET /a/b.c;d=e,f:@!$&'()*+~-_?a=b&c=d/?e HTTP/1.1\r\n" H "\r\n"),
    SLICE_LIT("GET /%41%2f%00?%ff HTTP/1.1\r\n" H "\r\n"),
    SLICE_LIT("GET / HTTP/1.0\r\n" H "\r\n"),
    SLICE_LIT("GET //a/../b HTTP/1.1\r\n" H "\r\n"),
    SLICE_LIT("X-y!#$%&'*+.^_`|~ / HTTP/1.1\r\n" H "\r\n"),
    SLICE_LIT(GET "Host: a\r\n\r\n"),
    SLICE_LIT(GET "host:a\r\n\r\n"),
    SLICE_LIT(GET "HOST: \t a \t\r\n\r\n"),
    SLICE_LIT(GET "Host: a.example:65535\r\n\r\n"),
    SLICE_LIT(GET "Host: 127.0.0.1:0\r\n\r\n"),
    SLICE_LIT(GET "Host: [::1]\r\n\r\n"),
    SLICE_LIT(GET "Host: [2001:db8::1]:8443\r\n\r\n"),
    SLICE_LIT(GET "Host: [::ffff:1.2.3.4]\r\n\r\n"),
    SLICE_LIT(GET "Host: a%20b\r\n\r\n"),
    SLICE_LIT(GET "Host: a,b\r\n\r\n"),
    SLICE_LIT(GET H "X:\r\n\r\n"),
    SLICE_LIT(GET H "X: a:b: c\r\n\r\n"),
    SLICE_LIT(GET H "X: caf\xc3\xa9 \xff\r\n\r\n"),
    SLICE_LIT(GET H "X: a\tb\r\n\r\n"),
    SLICE_LIT(GET H "X: 1\r\nX: 2\r\n\r\n"),
    SLICE_LIT(GET H "Cookie: a\r\nCookie: b\r\n\r\n"),
    SLICE_LIT(GET H "Connection: close\r\n\r\n"),
    SLICE_LIT(GET H "Connection: keep-alive, Upgrade\r\nConnection: x\r\n\r\n"),
    SLICE_LIT(GET H "Connection:\r\n\r\n"),
    SLICE_LIT(GET H "Connection: , close,\r\n\r\n"),
    SLICE_LIT(POST "Content-Length: 0\r\n\r\n"),
    SLICE_LIT(POST "Content-Length: 1000\r\n\r\n"),
    SLICE_LIT(POST "Content-Length: 0000000001\r\n\r\n"),
    SLICE_LIT(POST "Content-Length: \t5 \r\n\r\n"),
    SLICE_LIT(POST "Transfer-Encoding: chunked\r\n\r\n"),
    SLICE_LIT(POST "transfer-encoding:ChUnKeD\r\n\r\n"),
    SLICE_LIT(POST "Expect: 100-continue\r\n\r\n"),
    SLICE_LIT(POST "Expect: 100-CONTINUE\r\n\r\n"),
    SLICE_LIT("POST / HTTP/1.0\r\n" H "Content-Length: 3\r\n\r\n"),
    SLICE_LIT(POST "Authorization: Basic x\r\n\r\n"),
    SLICE_LIT(POST
              "OAuth-Client-Attestation: a\r\nOAuth-Client-Attestation-PoP: b\r\nDPoP: c\r\n\r\n"),
    SLICE_LIT(POST "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n\r\n"),
    SLICE_LIT("DELETE /x HTTP/1.1\r\n" H "\r\n"),
    SLICE_LIT("OPTIONS / HTTP/1.1\r\n" H "\r\n"),
};

static const struct http1_limits limits = { .head = 1000, .body = 1000, .headers = 64 };

/* Reads a text piece by piece, from a fresh copy each time, as a buffer grows and moves. */
static enum http1_progress read_pieces(struct slice text, enum segmentation how,
                                       const struct http1_limits *by, struct http1_head *out,
                                       size_t *consumed, enum http1_error *error)
{
    enum http1_progress progress = HTTP1_MORE;
    size_t scanned = 0, len = 0;
    unsigned seed = 1;

    *error = HTTP1_OK;
    while (progress == HTTP1_MORE && len < text.len) {
        len += segment_len(how, text.len - len, &seed);
        progress = http1_read_request((struct slice){ text.data, len }, by, &scanned, out, consumed,
                                      error);
    }
    return progress;
}

Test(http1_request, refusals)
{
    size_t refusals = 0;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        for (int how = 0; how < SEGMENTATION_COUNT; how++, refusals++) {
            struct http1_head head;
            enum http1_error error;
            size_t consumed;
            cr_assert_eq(
                read_pieces(bad[i].text, (enum segmentation)how, &limits, &head, &consumed, &error),
                HTTP1_REFUSED, "%s", bad[i].text.data);
            cr_assert_eq(error, bad[i].error, "%d: %s", error, bad[i].text.data);
        }
    cr_assert_geq(refusals, 3 * 150, "%zu", refusals);
}

Test(http1_request, what_passes)
{
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        for (int how = 0; how < SEGMENTATION_COUNT; how++) {
            struct http1_head head;
            enum http1_error error;
            size_t consumed;
            cr_assert_eq(
                read_pieces(good[i], (enum segmentation)how, &limits, &head, &consumed, &error),
                HTTP1_DONE, "%s", good[i].data);
            cr_assert_eq(consumed, good[i].len);
        }
}

Test(http1_request, no_prefix_of_a_head_is_a_head)
{
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        for (size_t n = 0; n < good[i].len; n++) {
            struct http1_head head;
            enum http1_error error;
            size_t scanned = 0, consumed;
            cr_assert_eq(http1_read_request((struct slice){ good[i].data, n }, &limits, &scanned,
                                            &head, &consumed, &error),
                         HTTP1_MORE);
        }
}

static struct http1_head read_one(struct slice text)
{
    struct http1_head head;
    enum http1_error error;
    size_t consumed;

    cr_assert_eq(read_pieces(text, WHOLE, &limits, &head, &consumed, &error), HTTP1_DONE, "%s",
                 text.data);
    return head;
}

Test(http1_request, what_is_read)
{
    struct http1_head head =
        read_one(SLICE_LIT("POST /a?b=c HTTP/1.1\r\n" H
                           "Content-Length: 7\r\nX-Y:  z \r\nExpect: 100-continue\r\n\r\nrest"));

    cr_assert(slice_is(head.method, "POST"));
    cr_assert(slice_is(head.path, "/a"));
    cr_assert(slice_is(head.query, "b=c"));
    cr_assert_eq(head.header_count, 4);
    cr_assert(slice_is(http1_header_value(&head, "x-y"), "z"));
    cr_assert_null(http1_header_value(&head, "z").data);
    cr_assert_eq(http1_header_occurrences(&head, "HOST"), 1);
    cr_assert_eq(head.content_length, 7);
    cr_assert(head.has_length && !head.chunked && head.keep_alive && head.expect_continue);
}

/* RFC 9110 §10.1.1: a client of HTTP/1.0 would take a 100 for the answer. */
Test(http1_request, a_client_of_1_0_expects_no_100)
{
    cr_assert(read_one(SLICE_LIT(POST "Expect: 100-continue\r\n\r\n")).expect_continue);
    cr_assert_not(read_one(SLICE_LIT("POST / HTTP/1.0\r\n" H "Expect: 100-continue\r\n\r\n"))
                      .expect_continue);
}

Test(http1_request, keep_alive_by_version_and_connection)
{
    static const struct {
        struct slice text;
        bool keep_alive;
    } cases[] = {
        { SLICE_LIT(GET H "\r\n"), true },
        { SLICE_LIT(GET H "Connection: close\r\n\r\n"), false },
        { SLICE_LIT(GET H "Connection: x, CLOSE\r\n\r\n"), false },
        { SLICE_LIT(GET H "Connection: keep-alive, close\r\n\r\n"), false },
        { SLICE_LIT("GET / HTTP/1.0\r\n" H "\r\n"), false },
        { SLICE_LIT("GET / HTTP/1.0\r\n" H "Connection: Keep-Alive\r\n\r\n"), true },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_assert_eq(read_one(cases[i].text).keep_alive, cases[i].keep_alive, "%zu", i);
}

Test(http1_request, limits_from_both_sides)
{
    struct slice text = SLICE_LIT(GET H "A: 1\r\nB: 2\r\nContent-Length: 10\r\n\r\n");
    struct http1_limits by = { .head = text.len, .body = 10, .headers = 4 };
    struct http1_head head;
    enum http1_error error;
    size_t consumed;

    for (int how = 0; how < SEGMENTATION_COUNT; how++) {
        by = (struct http1_limits){ .head = text.len, .body = 10, .headers = 4 };
        cr_assert_eq(read_pieces(text, (enum segmentation)how, &by, &head, &consumed, &error),
                     HTTP1_DONE);
        by.head--;
        cr_assert_eq(read_pieces(text, (enum segmentation)how, &by, &head, &consumed, &error),
                     HTTP1_REFUSED);
        cr_assert_eq(error, HTTP1_HEAD_TOO_LARGE);
        by = (struct http1_limits){ .head = text.len, .body = 9, .headers = 4 };
        cr_assert_eq(read_pieces(text, (enum segmentation)how, &by, &head, &consumed, &error),
                     HTTP1_REFUSED);
        cr_assert_eq(error, HTTP1_BODY_TOO_LARGE);
        by = (struct http1_limits){ .head = text.len, .body = 10, .headers = 3 };
        cr_assert_eq(read_pieces(text, (enum segmentation)how, &by, &head, &consumed, &error),
                     HTTP1_REFUSED);
        cr_assert_eq(error, HTTP1_HEAD_TOO_LARGE);
    }
}

Test(http1_request, a_head_without_end_is_refused_at_the_limit)
{
    char text[1001];
    struct http1_head head;
    enum http1_error error;
    size_t scanned = 0, consumed;

    memset(text, 'a', sizeof text);
    cr_assert_eq(http1_read_request((struct slice){ (uint8_t *)text, 999 }, &limits, &scanned,
                                    &head, &consumed, &error),
                 HTTP1_MORE);
    cr_assert_eq(scanned, 999, "what has been looked at is not looked at again");
    cr_assert_eq(http1_read_request((struct slice){ (uint8_t *)text, 1000 }, &limits, &scanned,
                                    &head, &consumed, &error),
                 HTTP1_REFUSED);
    cr_assert_eq(error, HTTP1_HEAD_TOO_LARGE);
}

Test(http1_request, a_long_target_is_414)
{
    static char text[10000];
    const struct http1_limits wide = { .head = sizeof text, .body = 0, .headers = 64 };
    struct http1_head head;
    enum http1_error error;
    size_t consumed;

    for (size_t len = 8192; len <= 8193; len++) {
        memset(text, 'a', sizeof text);
        memcpy(text, "GET /", 5);
        int n = snprintf(text + 4 + len, 100, " HTTP/1.1\r\n" H "\r\n");
        struct slice whole = { (uint8_t *)text, 4 + len + (size_t)n };
        cr_assert_eq(read_pieces(whole, WHOLE, &wide, &head, &consumed, &error),
                     len == 8192 ? HTTP1_DONE : HTTP1_REFUSED);
        cr_assert_eq(error, len == 8192 ? HTTP1_OK : HTTP1_URI_TOO_LONG);
    }
}
