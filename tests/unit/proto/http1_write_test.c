#include <criterion/criterion.h>

#include "http1.h"

Test(http1_write, a_request_is_read_back)
{
    uint8_t text[256];
    struct writer w = writer_over(text, sizeof text);
    struct http1_head head;
    enum http1_error error;
    size_t scanned = 0, consumed;

    http1_write_request(&w, "POST", SLICE_LIT("/a?b"), SLICE_LIT("a.example:8443"));
    http1_write_header(&w, SLICE_LIT("X"), SLICE_LIT("y"));
    http1_write_end(&w);
    cr_assert_eq(http1_read_request(writer_slice(&w), &HTTP1_DEFAULT_LIMITS, &scanned, &head,
                                    &consumed, &error),
                 HTTP1_DONE);
    cr_assert(slice_is(http1_header_value(&head, "host"), "a.example:8443"));
    cr_assert(slice_is(head.query, "b"));
}

Test(http1_write, a_status_is_read_back)
{
    static const unsigned codes[] = { 200, 201, 204, 302, 400, 401, 403, 404, 429, 503, 299, 599 };

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        uint8_t text[256];
        struct writer w = writer_over(text, sizeof text);
        struct http1_head head;
        enum http1_error error;
        size_t scanned = 0, consumed;
        http1_write_status(&w, codes[i]);
        http1_write_end(&w);
        cr_assert_eq(http1_read_response(writer_slice(&w), &HTTP1_DEFAULT_LIMITS, SLICE_LIT("GET"),
                                         &scanned, &head, &consumed, &error),
                     HTTP1_DONE);
        cr_assert_eq(head.code, codes[i]);
    }
}

Test(http1_write, what_would_split_a_message_is_never_written)
{
    static const struct slice values[] = { SLICE_LIT("a\rb"), SLICE_LIT("a\nb"), SLICE_LIT("a\0b"),
                                           SLICE_LIT("\r\nX: y") };

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        uint8_t text[256];
        struct writer w = writer_over(text, sizeof text);
        http1_write_header(&w, SLICE_LIT("X"), values[i]);
        cr_assert(w.full);
        cr_assert_eq(w.len, 0);
        w = writer_over(text, sizeof text);
        http1_write_header(&w, values[i], SLICE_LIT("x"));
        cr_assert(w.full);
    }
    uint8_t text[256];
    struct writer w = writer_over(text, sizeof text);
    http1_write_header(&w, SLICE_LIT("X"), SLICE_LIT("a b"));
    cr_assert_not(w.full);
}

Test(http1_write, what_would_split_a_request_line_is_never_written)
{
    static const struct slice targets[] = { SLICE_LIT("/a\rb"),
                                            SLICE_LIT("/a\nb"),
                                            SLICE_LIT("/a\0b"),
                                            SLICE_LIT("/a b"),
                                            SLICE_LIT("/ HTTP/1.1\r\nX: y"),
                                            SLICE_LIT("") };
    static const char *const methods[] = { "", "P OST", "PO\rST", "PO\nST" };
    uint8_t text[256];

    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        struct writer w = writer_over(text, sizeof text);
        http1_write_request(&w, "POST", targets[i], SLICE_LIT("a"));
        cr_assert(w.full && w.len == 0, "%zu", i);
    }
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        struct writer w = writer_over(text, sizeof text);
        http1_write_request(&w, methods[i], SLICE_LIT("/"), SLICE_LIT("a"));
        cr_assert(w.full && w.len == 0, "%zu", i);
    }
}
