#include "handout.h"

#include <criterion/criterion.h>
#include <string.h>

static enum status read(const char *body, struct handout *out)
{
    return handout_read(slice_of(body), "device_code", 4, out);
}

Test(handout, what_names_nothing)
{
    static const struct {
        const char *body;
        enum status st;
    } rows[] = {
        { "", ST_INVALID },
        { "[]", ST_INVALID },
        { "{\"expires_in\":60}", ST_NOT_FOUND },
        { "{\"device_code\":\"abcd\"}", ST_NOT_FOUND },
        { "{\"device_code\":\"\",\"expires_in\":60}", ST_INVALID },
        { "{\"device_code\":7,\"expires_in\":60}", ST_INVALID },
        { "{\"device_code\":\"abcd\",\"expires_in\":0}", ST_INVALID },
        { "{\"device_code\":\"abcd\",\"expires_in\":\"60\"}", ST_INVALID },
        { "{\"device_code\":\"abcd\",\"expires_in\":2592001}", ST_INVALID },
        { "{\"device_code\":\"abcd\",\"device_code\":\"x\",\"expires_in\":60}", ST_INVALID },
    };
    struct handout h;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(read(rows[i].body, &h), rows[i].st, "%s", rows[i].body);
    cr_expect_neq(read("{\"device_code\":\"abcde\",\"expires_in\":60}", &h), ST_OK, "too long");
}

Test(handout, name_and_seconds)
{
    struct handout h;

    cr_assert_eq(read("{\"expires_in\":2592000,\"x\":[1],\"device_code\":\"abcd\"}", &h), ST_OK);
    cr_expect(slice_is(h.name, "abcd"));
    cr_expect_eq(h.expires_in, 2592000);
    handout_clear(&h);
    cr_expect_null(h.json);
}
