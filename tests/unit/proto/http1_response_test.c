/* Responses as http1_head.c reads them: an upstream is believed no more than a client. */
#include "http1_cases.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define L  "Content-Length: 2\r\n"

static const struct http1_case bad[] = {
    CASE("SSH-2.0-x\r\n\r\n", HTTP1_MALFORMED),
    CASE("\r\n\r\n", HTTP1_MALFORMED),
    CASE("HTTP/1.1\r\n\r\n", HTTP1_MALFORMED),
    CASE("HTTP/1.1 200\r\n\r\n", HTTP1_MALFORMED),
    CASE("HTTP/1.1  200 OK\r\n\r\n", HTTP1_MALFORMED),
    CASE(" HTTP/1.1 200 OK\r\n\r\n", HTTP1_MALFORMED),
    CASE("HTTP/1.1 20 OK\r\n\r\n", HTTP1_MALFORMED),
    CASE("HTTP/1.1 2000 OK\r\n\r\n", HTTP1_MALFORMED),
    CASE("HTTP/1.1 099 OK\r\n\r\n", HTTP1_MALFORMED),
    CASE("HTTP/1.1 600 OK\r\n\r\n", HTTP1_MALFORMED),
    CASE("HTTP/1.1 -20 OK\r\n\r\n", HTTP1_MALFORMED),
    CASE("HTTP/1.1 2x0 OK\r\n\r\n", HTTP1_MALFORMED),
    CASE("HTTP/1.1\t200 OK\r\n\r\n", HTTP1_MALFORMED),
    CASE("http/1.1 200 OK\r\n\r\n", HTTP1_MALFORMED),
    CASE("HTTP/1.10 200 OK\r\n\r\n", HTTP1_MALFORMED),
    CASE("ICY 200 OK\r\n\r\n", HTTP1_MALFORMED),
    CASE("HTTP/2.0 200 OK\r\n\r\n", HTTP1_VERSION),
    CASE("HTTP/0.9 200 OK\r\n\r\n", HTTP1_VERSION),
    CASE("HTTP/1.2 200 OK\r\n\r\n", HTTP1_VERSION),
    CASE("HTTP/1.1 200 OK\n\n", HTTP1_MALFORMED),
    CASE("HTTP/1.1 200 O\rK\r\n\r\n", HTTP1_MALFORMED),
    CASE("HTTP/1.1 200 O\0K\r\n\r\n", HTTP1_MALFORMED),
    CASE("HTTP/1.1 200 O\x1bK\r\n\r\n", HTTP1_MALFORMED),
    CASE(OK L L "\r\n", HTTP1_MALFORMED),
    CASE(OK L "Content-Length: 3\r\n\r\n", HTTP1_MALFORMED),
    CASE(OK "Content-Length: 2, 2\r\n\r\n", HTTP1_MALFORMED),
    CASE(OK "Content-Length: -2\r\n\r\n", HTTP1_MALFORMED),
    CASE(OK "Content-Length: 0x2\r\n\r\n", HTTP1_MALFORMED),
    CASE(OK "Content-Length:\r\n\r\n", HTTP1_MALFORMED),
    CASE(OK "Content-Length: 1001\r\n\r\n", HTTP1_BODY_TOO_LARGE),
    CASE(OK "Content-Length: 99999999999999999999\r\n\r\n", HTTP1_MALFORMED),
    CASE(OK L "Transfer-Encoding: chunked\r\n\r\n", HTTP1_MALFORMED),
    CASE(OK "Transfer-Encoding: chunked\r\n" L "\r\n", HTTP1_MALFORMED),
    CASE(OK "Transfer-Encoding: gzip\r\n\r\n", HTTP1_NOT_IMPLEMENTED),
    CASE(OK "Transfer-Encoding: gzip, chunked\r\n\r\n", HTTP1_MALFORMED),
    CASE(OK "Transfer-Encoding: chunked, chunked\r\n\r\n", HTTP1_MALFORMED),
    CASE(OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP1_MALFORMED),
    CASE("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP1_MALFORMED),
    CASE(OK "Content-Type: a/b\r\nContent-Type: c/d\r\n\r\n", HTTP1_MALFORMED),
    CASE(OK "X: a\r\n b\r\n\r\n", HTTP1_MALFORMED),
    CASE(OK "X : a\r\n\r\n", HTTP1_MALFORMED),
    CASE(OK " X: a\r\n\r\n", HTTP1_MALFORMED),
    CASE(OK "X\r\n\r\n", HTTP1_MALFORMED),
    CASE(OK ": a\r\n\r\n", HTTP1_MALFORMED),
    CASE(OK "X: a\nY: b\r\n\r\n", HTTP1_MALFORMED),
    CASE(OK "X: a\rb\r\n\r\n", HTTP1_MALFORMED),
    CASE(OK "X: \x01\r\n\r\n", HTTP1_MALFORMED),
    CASE(OK "X\xff: a\r\n\r\n", HTTP1_MALFORMED),
    CASE(OK "Connection: \"a\"\r\n\r\n", HTTP1_MALFORMED),
    CASE("\x15\x03\x01\x00\x02\x02\x16", HTTP1_MALFORMED),
};

static const struct http1_limits limits = { .head = 1000, .body = 1000, .headers = 64 };

static enum http1_progress read_pieces(struct slice text, struct slice method,
                                       enum segmentation how, struct http1_head *out,
                                       size_t *consumed, enum http1_error *error)
{
    enum http1_progress progress = HTTP1_MORE;
    size_t scanned = 0, len = 0;
    unsigned seed = 1;

    while (progress == HTTP1_MORE && len < text.len) {
        len += segment_len(how, text.len - len, &seed);
        progress = http1_read_response((struct slice){ text.data, len }, &limits, method, &scanned,
                                       out, consumed, error);
    }
    return progress;
}

Test(http1_response, refusals)
{
    cr_assert_geq(sizeof bad / sizeof bad[0], 50);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        for (int how = 0; how < SEGMENTATION_COUNT; how++) {
            struct http1_head head;
            enum http1_error error = HTTP1_OK;
            size_t consumed;
            cr_assert_eq(read_pieces(bad[i].text, SLICE_LIT("GET"), (enum segmentation)how, &head,
                                     &consumed, &error),
                         HTTP1_REFUSED, "%s", bad[i].text.data);
            cr_assert_eq(error, bad[i].error, "%d: %s", error, bad[i].text.data);
        }
}

enum framing { LENGTH, CHUNKED, CLOSE };

Test(http1_response, what_passes_and_how_its_body_ends)
{
    static const struct {
        struct slice text, method;
        enum framing framing;
        uint64_t length;
        bool keep_alive;
    } good[] = {
        { SLICE_LIT(OK L "\r\n"), SLICE_LIT("GET"), LENGTH, 2, true },
        { SLICE_LIT(OK L "\r\n"), SLICE_LIT("HEAD"), LENGTH, 0, true },
        { SLICE_LIT(OK "\r\n"), SLICE_LIT("GET"), CLOSE, 0, false },
        { SLICE_LIT(OK "\r\n"), SLICE_LIT("HEAD"), LENGTH, 0, true },
        { SLICE_LIT(OK "Transfer-Encoding: chunked\r\n\r\n"), SLICE_LIT("POST"), CHUNKED, 0, true },
        { SLICE_LIT(OK "Transfer-Encoding: chunked\r\n\r\n"), SLICE_LIT("HEAD"), LENGTH, 0, true },
        { SLICE_LIT("HTTP/1.1 200 \r\n" L "\r\n"), SLICE_LIT("GET"), LENGTH, 2, true },
        { SLICE_LIT("HTTP/1.1 200 OK then\r\n" L "\r\n"), SLICE_LIT("GET"), LENGTH, 2, true },
        { SLICE_LIT("HTTP/1.1 200 caf\xc3\xa9\r\n" L "\r\n"), SLICE_LIT("GET"), LENGTH, 2, true },
        { SLICE_LIT("HTTP/1.0 200 OK\r\n" L "\r\n"), SLICE_LIT("GET"), LENGTH, 2, false },
        { SLICE_LIT("HTTP/1.0 200 OK\r\n\r\n"), SLICE_LIT("GET"), CLOSE, 0, false },
        { SLICE_LIT("HTTP/1.1 100 Continue\r\n\r\n"), SLICE_LIT("POST"), LENGTH, 0, true },
        { SLICE_LIT("HTTP/1.1 103 Early\r\nLink: a\r\n\r\n"), SLICE_LIT("POST"), LENGTH, 0, true },
        { SLICE_LIT("HTTP/1.1 204 No Content\r\n\r\n"), SLICE_LIT("POST"), LENGTH, 0, true },
        { SLICE_LIT("HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n"), SLICE_LIT("GET"),
          LENGTH, 0, true },
        { SLICE_LIT("HTTP/1.1 599 x\r\n" L "\r\n"), SLICE_LIT("GET"), LENGTH, 2, true },
        { SLICE_LIT(OK L "Connection: close\r\n\r\n"), SLICE_LIT("GET"), LENGTH, 2, false },
        { SLICE_LIT(OK L "Host: a\r\nHost: b\r\n\r\n"), SLICE_LIT("GET"), LENGTH, 2, true },
        { SLICE_LIT(OK L "Set-Cookie: a\r\nSet-Cookie: b\r\n\r\n"), SLICE_LIT("GET"), LENGTH, 2,
          true },
        { SLICE_LIT(OK "Content-Length: 1000\r\n\r\n"), SLICE_LIT("GET"), LENGTH, 1000, true },
    };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        for (int how = 0; how < SEGMENTATION_COUNT; how++) {
            struct http1_head head;
            enum http1_error error;
            size_t consumed;
            cr_assert_eq(read_pieces(good[i].text, good[i].method, (enum segmentation)how, &head,
                                     &consumed, &error),
                         HTTP1_DONE, "%s", good[i].text.data);
            cr_assert_eq(consumed, good[i].text.len);
            cr_assert_eq(head.chunked, good[i].framing == CHUNKED, "%zu", i);
            cr_assert_eq(head.until_close, good[i].framing == CLOSE, "%zu", i);
            cr_assert_eq(head.content_length, good[i].length, "%zu", i);
            cr_assert_eq(head.keep_alive, good[i].keep_alive, "%zu", i);
        }
}
