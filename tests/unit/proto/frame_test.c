#include "frame.h"

#include <criterion/criterion.h>
#include <string.h>

static size_t put_frame(struct writer *w, const char *text)
{
    size_t begin = frame_begin(w);

    writer_text(w, text);
    cr_assert_eq(frame_end(w, begin), ST_OK);
    return w->len;
}

Test(frame, comes_whole_from_pieces_of_any_length)
{
    uint8_t bytes[64], body[8];
    struct writer w = writer_over(bytes, sizeof bytes);

    put_frame(&w, "one");
    put_frame(&w, "two-two");
    put_frame(&w, "3");
    for (size_t piece = 1; piece <= w.len; piece++) {
        static const char *const expected[] = { "one", "two-two", "3" };
        struct frame_reader f;
        size_t found = 0;
        frame_reader_init(&f, body, sizeof body);
        for (size_t at = 0; at < w.len; at += piece) {
            struct slice in = { bytes + at, w.len - at < piece ? w.len - at : piece }, frame;
            enum frame_progress p;
            while ((p = frame_read(&f, &in, &frame)) == FRAME_DONE)
                cr_assert(slice_is(frame, expected[found++]), "%zu", piece);
            cr_assert_eq(p, FRAME_MORE);
            cr_assert_eq(in.len, 0);
        }
        cr_assert_eq(found, 3);
    }
}

Test(frame, limits_from_both_sides)
{
    static const uint8_t fits[] = { 0, 4, 'a', 'b', 'c', 'd' }, larger[] = { 0, 5, 'a' };
    static const uint8_t empty[] = { 0, 0, 0, 1, 'a' };
    struct frame_reader f;
    struct slice in = { fits, sizeof fits }, frame;
    uint8_t body[4];

    frame_reader_init(&f, body, sizeof body);
    cr_expect_eq(frame_read(&f, &in, &frame), FRAME_DONE);
    in = (struct slice){ larger, sizeof larger };
    cr_expect_eq(frame_read(&f, &in, &frame), FRAME_REFUSED);
    in = (struct slice){ fits, sizeof fits };
    cr_expect_eq(frame_read(&f, &in, &frame), FRAME_REFUSED, "for good");
    frame_reader_init(&f, body, sizeof body);
    in = (struct slice){ empty, sizeof empty };
    cr_expect_eq(frame_read(&f, &in, &frame), FRAME_REFUSED);
}

Test(frame, what_does_not_fit_leaves_nothing)
{
    uint8_t bytes[8];
    struct writer w = writer_over(bytes, sizeof bytes);

    writer_byte(&w, 'x');
    size_t begin = frame_begin(&w);
    cr_expect_eq(frame_end(&w, begin), ST_TOO_LARGE, "empty");
    cr_expect_eq(w.len, 1);
    begin = frame_begin(&w);
    writer_text(&w, "fives");
    cr_expect_eq(frame_end(&w, begin), ST_OK);
    w.len = 1;
    begin = frame_begin(&w);
    writer_text(&w, "sixsix");
    cr_expect_eq(frame_end(&w, begin), ST_TOO_LARGE);
    cr_expect_eq(w.len, 1);
}
