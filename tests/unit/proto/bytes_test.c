#include "bytes.h"

#include <criterion/criterion.h>
#include <string.h>

Test(bytes, slice_to_u64_refuses)
{
    static const char *const bad[] = { "", " 1", "1 ", "+1", "-1", "0x1", "1.0", "a" };
    uint64_t value;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(slice_to_u64(slice_of(bad[i]), UINT64_MAX, &value), ST_INVALID, "%s", bad[i]);
    cr_assert_eq(slice_to_u64(SLICE_LIT("18446744073709551616"), UINT64_MAX, &value), ST_TOO_LARGE);
    cr_assert_eq(slice_to_u64(SLICE_LIT("101"), 100, &value), ST_TOO_LARGE);
}

Test(bytes, slice_to_u64_reads_up_to_its_limit)
{
    uint64_t value;

    cr_assert_eq(slice_to_u64(SLICE_LIT("18446744073709551615"), UINT64_MAX, &value), ST_OK);
    cr_assert_eq(value, UINT64_MAX);
    cr_assert_eq(slice_to_u64(SLICE_LIT("100"), 100, &value), ST_OK);
    cr_assert_eq(value, 100);
}

Test(bytes, cut_gives_what_is_before_and_leaves_what_follows)
{
    struct slice rest = SLICE_LIT("a.b.");

    cr_assert(slice_is(slice_cut(&rest, '.'), "a"));
    cr_assert(slice_is(slice_cut(&rest, '.'), "b"));
    cr_assert_not_null(rest.data, "an empty piece is a piece");
    cr_assert_eq(slice_cut(&rest, '.').len, 0);
    cr_assert_null(rest.data, "and then there are no more");
}

Test(bytes, trim_takes_spaces_and_tabs_only)
{
    cr_assert(slice_is(slice_trim(SLICE_LIT(" \t a b\t ")), "a b"));
    cr_assert(slice_is(slice_trim(SLICE_LIT("\va\n")), "\va\n"));
    cr_assert_eq(slice_trim(SLICE_LIT(" \t")).len, 0);
}

Test(bytes, comparison)
{
    cr_assert(slice_equal_nocase(SLICE_LIT("Host"), SLICE_LIT("hOST")));
    cr_assert_not(slice_equal_nocase(SLICE_LIT("Host"), SLICE_LIT("Hos")));
    cr_assert_not(slice_equal_nocase(SLICE_LIT("["), SLICE_LIT("{")), "letters only fold");
    cr_assert(slice_equal((struct slice){ NULL, 0 }, SLICE_LIT("")));
    cr_assert(slice_starts_with(SLICE_LIT("abc"), "ab"));
    cr_assert_not(slice_starts_with(SLICE_LIT("a"), "ab"));
}

Test(bytes, copy_text_from_both_sides_of_its_limit)
{
    char out[4];

    cr_assert_eq(slice_copy_text(SLICE_LIT("abc"), out, sizeof out), ST_OK);
    cr_assert_str_eq(out, "abc");
    cr_assert_eq(slice_copy_text(SLICE_LIT("abcd"), out, sizeof out), ST_TOO_LARGE);
    cr_assert_eq(slice_copy_text(SLICE_LIT("a\0b"), out, sizeof out), ST_INVALID);
}

Test(bytes, a_writer_never_passes_its_end)
{
    uint8_t array[5] = { 0, 0, 0, 0, 0xaa };
    struct writer w = writer_over(array, 4);

    writer_text(&w, "abcd");
    cr_assert_not(w.full);
    writer_byte(&w, 'e');
    cr_assert(w.full);
    cr_assert_eq(array[4], 0xaa);
    cr_assert(slice_is(writer_slice(&w), "abcd"));
}

Test(bytes, after_what_did_not_fit_nothing_is_written)
{
    uint8_t array[4];
    struct writer w = writer_over(array, sizeof array);

    writer_text(&w, "too long");
    writer_text(&w, "a");
    cr_assert(w.full);
    cr_assert_eq(w.len, 0);
    cr_assert_null(writer_reserve(&w, 1));
}

Test(bytes, numbers)
{
    uint8_t array[64];
    struct writer w = writer_over(array, sizeof array);

    writer_decimal(&w, 0);
    writer_byte(&w, ' ');
    writer_decimal(&w, INT64_MIN);
    writer_byte(&w, ' ');
    writer_decimal(&w, INT64_MAX);
    cr_assert(slice_is(writer_slice(&w), "0 -9223372036854775808 9223372036854775807"));
    w.len = 0;
    writer_u32be(&w, 0x01020304);
    cr_assert(slice_equal(writer_slice(&w), SLICE_LIT("\x01\x02\x03\x04")));
}
