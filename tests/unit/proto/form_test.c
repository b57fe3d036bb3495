#include "form.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct form form;
static uint8_t scratch[8192];

static enum status parse(struct slice text)
{
    return form_parse(text, scratch, sizeof scratch, &form);
}

Test(form, refusals)
{
    static const struct slice bad[] = {
        SLICE_LIT("a"),
        SLICE_LIT("a&b=c"),
        SLICE_LIT("a=b&"),
        SLICE_LIT("&a=b"),
        SLICE_LIT("a=b&&c=d"),
        SLICE_LIT("=a"),
        SLICE_LIT("="),
        SLICE_LIT("a=%"),
        SLICE_LIT("a=%4"),
        SLICE_LIT("a=%4g"),
        SLICE_LIT("%=a"),
        SLICE_LIT("a=b c"),
        SLICE_LIT("a=\n"),
        SLICE_LIT("a=%0a"),
        SLICE_LIT("a=%00"),
        SLICE_LIT("a=\0"),
        SLICE_LIT("a=\xc3\xa9"),
        SLICE_LIT("a=%ff"),
        SLICE_LIT("a=%c3"),
        SLICE_LIT("a=%7f"),
        SLICE_LIT("a=%ed%a0%80"),
        SLICE_LIT("a=1&a=1"),
        SLICE_LIT("a=1&a=2"),
        SLICE_LIT("a=1&%61=2"),
        SLICE_LIT("a%20=1&a+=2"),
        SLICE_LIT("client_id=x&b=1&client_id=y"),
        SLICE_LIT("a\x80=1"),
        SLICE_LIT("authorization_details=%0b"),
        SLICE_LIT("authorization_details=\n"),
        SLICE_LIT("authorization_details=%00"),
        SLICE_LIT("authorization%0adetails=a"),
        SLICE_LIT("scope=a%0ab"),
        SLICE_LIT("authorization_details=%7f"),
        SLICE_LIT("authorization_details=1&authorization_details=1"),
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(parse(bad[i]), ST_INVALID, "%s", bad[i].data);
}

Test(form, what_passes)
{
    cr_assert_eq(parse(SLICE_LIT("")), ST_OK);
    cr_assert_eq(form.count, 0);
    cr_assert_eq(parse(SLICE_LIT("a=&b=c+d%20e%2B&%63=%C3%a9&A=x=y")), ST_OK);
    cr_assert_eq(form.count, 4);
    cr_assert_eq(form_find(&form, "a")->value.len, 0);
    cr_assert(slice_is(form_find(&form, "b")->value, "c d e+"));
    cr_assert(slice_is(form_find(&form, "c")->value, "\xc3\xa9"));
    cr_assert(slice_is(form_find(&form, "c")->raw, "%63=%C3%a9"), "as it came");
    cr_assert(slice_is(form_find(&form, "A")->value, "x=y"));
    cr_assert_eq(parse(SLICE_LIT("authorization_details=%5B%0d%0a%09%5D&claims=%0a")), ST_OK);
    cr_assert(slice_is(form_find(&form, "authorization_details")->value, "[\r\n\t]"));
    cr_assert_eq(parse(SLICE_LIT("a=&b=c+d%20e%2B&%63=%C3%a9&A=x=y")), ST_OK);
    cr_assert_null(form_find(&form, "d"));
    cr_assert_eq(parse(SLICE_LIT("resource=a&resource=b&audience=c&audience=d")), ST_OK,
                 "RFC 8707 and RFC 8693 let these repeat");
}

Test(form, limits_from_both_sides)
{
    for (int n = FORM_PARAMS_MAX; n <= FORM_PARAMS_MAX + 1; n++) {
        char text[2048] = "";
        for (int i = 0; i < n; i++)
            snprintf(text + strlen(text), 16, "%sp%d=v", i ? "&" : "", i);
        cr_assert_eq(parse(slice_of(text)), n == FORM_PARAMS_MAX ? ST_OK : ST_TOO_LARGE);
    }
    cr_assert_eq(form_parse(SLICE_LIT("abc=def"), scratch, 6, &form), ST_OK);
    cr_assert_eq(form_parse(SLICE_LIT("abc=def"), scratch, 5, &form), ST_TOO_LARGE);
}

Test(form, what_is_appended_is_read_back)
{
    uint8_t text[256];
    struct writer w = writer_over(text, sizeof text);

    form_append(&w, "a b", SLICE_LIT("c&d=e+f%"));
    form_append(&w, "g", SLICE_LIT("\xc3\xa9"));
    cr_assert_eq(parse(writer_slice(&w)), ST_OK);
    cr_assert(slice_is(form_find(&form, "a b")->value, "c&d=e+f%"));
    cr_assert(slice_is(form_find(&form, "g")->value, "\xc3\xa9"));
}
