#include "base64url.h"

#include <criterion/criterion.h>
#include <string.h>

/* RFC 4648 §10, in the URL alphabet without padding. */
static const struct {
    const char *bytes, *text;
} pairs[] = {
    { "", "" },
    { "f", "Zg" },
    { "fo", "Zm8" },
    { "foo", "Zm9v" },
    { "foob", "Zm9vYg" },
    { "fooba", "Zm9vYmE" },
    { "foobar", "Zm9vYmFy" },
    { "\xfb\xef\xff", "--__" },
};

Test(base64url, encodes_the_vectors)
{
    char out[32];

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        base64url_encode(out, slice_of(pairs[i].bytes));
        cr_assert_str_eq(out, pairs[i].text);
        cr_assert_eq(strlen(out), BASE64URL_LEN(strlen(pairs[i].bytes)));
    }
}

Test(base64url, decodes_the_vectors)
{
    uint8_t out[32];
    size_t len;

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        cr_assert_eq(base64url_decode(slice_of(pairs[i].text), out, sizeof out, &len), ST_OK);
        cr_assert(slice_equal((struct slice){ out, len }, slice_of(pairs[i].bytes)));
    }
}

Test(base64url, refuses_what_is_not_canonical)
{
    static const char *const bad[] = {
        "Zg==", "Zg=",  "Zm9v\n", " Zm9v", "Zm9v ",      "Zm 9v",  "Z",  "Zm9vY", "+/+/", "Zh",
        "Zm9",  "Zm.v", "Zm9v=",  "--_/",  "\xc3\xa9gg", "Zm9vYh", "AB", "AAB",   "====", "Zm9*",
    };
    uint8_t out[32];
    size_t len;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(base64url_decode(slice_of(bad[i]), out, sizeof out, &len), ST_INVALID, "%s",
                     bad[i]);
}

Test(base64url, every_one_and_two_byte_value_has_one_text)
{
    uint8_t out[2];
    char text[4];
    size_t len, accepted = 0;

    for (unsigned a = 1; a < 256; a++)
        for (unsigned b = 1; b < 256; b++) {
            text[0] = (char)a;
            text[1] = (char)b;
            text[2] = '\0';
            accepted += base64url_decode(slice_of(text), out, 2, &len) == ST_OK;
        }
    cr_assert_eq(accepted, 256);
}

Test(base64url, lengths_from_both_sides)
{
    uint8_t out[3];
    size_t len;

    cr_assert_eq(base64url_decode(SLICE_LIT("Zm9v"), out, 3, &len), ST_OK);
    cr_assert_eq(base64url_decode(SLICE_LIT("Zm9v"), out, 2, &len), ST_TOO_LARGE);
    cr_assert_eq(base64url_decode_exact(SLICE_LIT("Zm9v"), out, 3), ST_OK);
    cr_assert_eq(base64url_decode_exact(SLICE_LIT("Zm8"), out, 3), ST_INVALID);
    cr_assert_eq(base64url_decode_exact(SLICE_LIT("Zm9vYg"), out, 3), ST_INVALID);
}
