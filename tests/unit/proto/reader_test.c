#include "reader.h"

#include <criterion/criterion.h>

Test(reader, takes_what_a_writer_put)
{
    uint8_t bytes[64], copy[3];
    struct writer w = writer_over(bytes, sizeof bytes);

    writer_byte(&w, 0xfe);
    writer_u16be(&w, 0xfedc);
    writer_u32be(&w, 0xfedcba98);
    writer_u64be(&w, 0xfedcba9876543210);
    writer_text(&w, "abcdefg");
    struct reader r = reader_over(writer_slice(&w));
    cr_expect_eq(reader_u8(&r), 0xfe);
    cr_expect_eq(reader_u16be(&r), 0xfedc);
    cr_expect_eq(reader_u32be(&r), 0xfedcba98);
    cr_expect_eq(reader_u64be(&r), 0xfedcba9876543210);
    reader_bytes(&r, copy, sizeof copy);
    cr_expect_arr_eq(copy, "abc", 3);
    cr_expect(slice_is(reader_slice(&r, 2), "de"));
    cr_expect_not(reader_is_done(&r));
    cr_expect(slice_is(reader_rest(&r), "fg"));
    cr_expect(reader_is_done(&r));
    cr_expect_eq(reader_rest(&r).len, 0);
    cr_expect(reader_is_done(&r), "an empty rest is none the worse");
}

Test(reader, past_the_end_is_bad_for_good)
{
    struct reader r = reader_over(SLICE_LIT("\x01\x02\x03"));
    uint8_t copy[2] = { 9, 9 };

    cr_expect_eq(reader_u32be(&r), 0);
    cr_expect(r.bad);
    cr_expect_eq(reader_u8(&r), 0, "nothing comes after it");
    reader_bytes(&r, copy, sizeof copy);
    cr_expect_eq(copy[0] + copy[1], 0);
    cr_expect_not(reader_is_done(&r));
}
