#include "hex.h"

#include <criterion/criterion.h>
#include <string.h>

Test(hex, there_and_back)
{
    uint8_t all[256], back[256];
    char text[513];
    size_t len;

    for (unsigned i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    hex_encode(text, (struct slice){ all, sizeof all });
    cr_assert_eq(hex_decode(slice_of(text), back, sizeof back, &len), ST_OK);
    cr_assert(slice_equal((struct slice){ all, 256 }, (struct slice){ back, len }));
}

Test(hex, refuses)
{
    static const char *const bad[] = { "a", "AB", "0g", "0x", " 0", "a b ", "0\n" };
    uint8_t out[8];
    size_t len;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(hex_decode(slice_of(bad[i]), out, sizeof out, &len), ST_INVALID, "%s", bad[i]);
    cr_assert_eq(hex_decode(SLICE_LIT("0001"), out, 1, &len), ST_TOO_LARGE);
}

Test(hex, digits_of_either_case)
{
    for (int c = 0; c < 256; c++) {
        const char *all = "0123456789abcdefABCDEF", *at = c ? strchr(all, c) : NULL;
        int expected = !at ? -1 : at - all < 16 ? (int)(at - all) : (int)(at - all) - 6;
        cr_assert_eq(hex_digit((uint8_t)c), expected, "%d", c);
    }
}
