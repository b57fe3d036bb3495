#include "msg_device_hello.h"

#include <criterion/criterion.h>
#include <string.h>

static enum status decode(const char *bytes, size_t len)
{
    struct device_hello hello;

    return device_hello_decode((struct slice){ (const uint8_t *)bytes, len }, &hello);
}

Test(msg_device_hello, round_trip_of_each_kind)
{
    static const struct device_hello all[] = {
        { DEVICE_HELLO_LINK, { (const uint8_t *)"https://door.example/1", 22 } },
        { DEVICE_HELLO_GRANT, { (const uint8_t *)"0123456789abcdef", 16 } },
        { DEVICE_HELLO_TOKEN, { (const uint8_t *)"a.b.c", 5 } },
    };

    for (size_t i = 0; i < 3; i++) {
        uint8_t bytes[64];
        struct writer w = writer_over(bytes, sizeof bytes);
        struct device_hello out;
        cr_assert_eq(device_hello_encode(&all[i], &w), ST_OK);
        cr_assert_eq(device_hello_decode(writer_slice(&w), &out), ST_OK);
        cr_assert_eq(out.kind, all[i].kind);
        cr_assert(slice_equal(out.value, all[i].value));
    }
}

Test(msg_device_hello, refuses)
{
    cr_expect_eq(decode("\1\1door", 6), ST_OK, "the positive control");
    cr_expect_eq(decode("", 0), ST_INVALID);
    cr_expect_eq(decode("\1", 1), ST_INVALID);
    cr_expect_eq(decode("\0\1door", 6), ST_UNSUPPORTED);
    cr_expect_eq(decode("\2\1door", 6), ST_UNSUPPORTED);
    cr_expect_eq(decode("\1\0door", 6), ST_UNSUPPORTED);
    cr_expect_eq(decode("\1\4door", 6), ST_UNSUPPORTED);
    cr_expect_eq(decode("\1\1", 2), ST_INVALID);
    cr_expect_eq(decode("\1\1do or", 7), ST_INVALID);
    cr_expect_eq(decode("\1\1do\0r", 6), ST_INVALID);
    cr_expect_eq(decode("\1\2"
                        "0123456789abcdef",
                        18),
                 ST_OK);
    cr_expect_eq(decode("\1\2"
                        "0123456789abcde",
                        17),
                 ST_INVALID);
    cr_expect_eq(decode("\1\2"
                        "0123456789abcdefg",
                        19),
                 ST_INVALID);
    cr_expect_eq(decode("\1\3", 2), ST_INVALID);
}

Test(msg_device_hello, limits_from_both_sides)
{
    static char bytes[DEVICE_HELLO_MAX + 1];

    memset(bytes, 'a', sizeof bytes);
    memcpy(bytes, "\1\1", 2);
    cr_expect_eq(decode(bytes, 2 + DEVICE_ID_MAX), ST_OK);
    cr_expect_eq(decode(bytes, 2 + DEVICE_ID_MAX + 1), ST_INVALID);
    memcpy(bytes, "\1\3", 2);
    cr_expect_eq(decode(bytes, DEVICE_HELLO_MAX), ST_OK);
    cr_expect_eq(decode(bytes, DEVICE_HELLO_MAX + 1), ST_INVALID);
}
