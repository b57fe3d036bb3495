#include "json_scan.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { TEXT, NUMBER, FLAG, OBJECT, COUNT };

static enum status scan(const char *text, enum json_scan_others others, struct json_scan_field *f)
{
    static const struct json_scan_field fields[COUNT] = {
        [TEXT] = { .name = "text", .type = JSON_SCAN_TEXT },
        [NUMBER] = { .name = "number", .type = JSON_SCAN_INT, .need = JSON_SCAN_OPTIONAL },
        [FLAG] = { .name = "flag", .type = JSON_SCAN_BOOL, .need = JSON_SCAN_OPTIONAL },
        [OBJECT] = { .name = "object", .type = JSON_SCAN_OBJECT, .need = JSON_SCAN_OPTIONAL },
    };

    for (size_t i = 0; i < COUNT; i++)
        f[i] = fields[i];
    return json_scan(slice_of(text), &JSON_SCAN_LIMITS, others, f, COUNT);
}

Test(json_scan, finds_members_where_they_lie)
{
    static const char text[] =
        " { \"object\" : { \"a\" : [ 1 , \"}\" ] } , \"flag\":true,\"number\":"
        "-12 ,\t\"text\":\"hello\" }\n";
    struct json_scan_field f[COUNT];

    cr_assert_eq(scan(text, JSON_SCAN_OTHERS_REFUSED, f), ST_OK);
    cr_expect(slice_is(f[TEXT].text, "hello"));
    cr_expect_eq(f[NUMBER].number, -12);
    cr_expect_eq(f[FLAG].number, 1);
    cr_expect(slice_is(f[OBJECT].text, "{ \"a\" : [ 1 , \"}\" ] }"));
    cr_assert_eq(scan("{\"text\":\"x\"}", JSON_SCAN_OTHERS_REFUSED, f), ST_OK);
    cr_expect_not(f[NUMBER].present);
}

Test(json_scan, what_is_refused_and_what_stands_beside_it)
{
    static const struct {
        const char *text;
        enum status refused, ignored; /* with others refused, ignored */
    } cases[] = {
        { "{\"text\":\"x\",\"more\":1}", ST_INVALID, ST_OK },
        { "{\"text\":\"x\",\"more\":{\"a\":1,\"b\":{\"a\":2}}}", ST_INVALID, ST_OK },
        { "{\"text\":\"x\",\"more\":[{\"a\":1},{\"a\":2}]}", ST_INVALID, ST_OK },
        { "{\"text\":\"x\",\"more\":\"\\u0041\"}", ST_INVALID, ST_OK },
        { "{\"text\":\"x\",\"more\":{\"a\":1,\"a\":2}}", ST_INVALID, ST_INVALID },
        { "{\"text\":\"x\",\"more\":[0,[{\"a\":1,\"a\":2}]]}", ST_INVALID, ST_INVALID },
        { "{\"text\":\"x\",\"text\":\"x\"}", ST_INVALID, ST_INVALID },
        { "{\"text\":\"x\",\"t\\u0065xt\":\"y\"}", ST_INVALID, ST_INVALID },
        { "{\"text\":\"\"}", ST_INVALID, ST_INVALID },
        { "{\"text\":\"a\\nb\"}", ST_INVALID, ST_INVALID },
        { "{\"text\":1}", ST_INVALID, ST_INVALID },
        { "{\"text\":null}", ST_INVALID, ST_INVALID },
        { "{}", ST_INVALID, ST_INVALID },
        { "{\"text\":\"x\",\"number\":1.0}", ST_INVALID, ST_INVALID },
        { "{\"text\":\"x\",\"number\":1e3}", ST_INVALID, ST_INVALID },
        { "{\"text\":\"x\",\"number\":\"1\"}", ST_INVALID, ST_INVALID },
        { "{\"text\":\"x\",\"number\":999999999999999}", ST_OK, ST_OK },
        { "{\"text\":\"x\",\"number\":1000000000000000}", ST_INVALID, ST_INVALID },
        { "{\"text\":\"x\",\"flag\":false}", ST_OK, ST_OK },
        { "{\"text\":\"x\",\"flag\":1}", ST_INVALID, ST_INVALID },
        { "{\"text\":\"x\",\"object\":[]}", ST_INVALID, ST_INVALID },
        { "{\"text\":\"x\"}x", ST_INVALID, ST_INVALID },
        { "{\"text\":\"x\"", ST_INVALID, ST_INVALID },
        { "[\"text\"]", ST_INVALID, ST_INVALID },
        { "", ST_INVALID, ST_INVALID },
    };
    struct json_scan_field f[COUNT];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_eq(scan(cases[i].text, JSON_SCAN_OTHERS_REFUSED, f), cases[i].refused, "%s",
                     cases[i].text);
        cr_expect_eq(scan(cases[i].text, JSON_SCAN_OTHERS_IGNORED, f), cases[i].ignored, "%s",
                     cases[i].text);
    }
}

Test(json_scan, members_from_both_sides)
{
    struct json_scan_field f[COUNT];
    char text[1024];

    for (unsigned more = 30; more < 34; more++) {
        int len = snprintf(text, sizeof text, "{\"text\":\"x\"");
        for (unsigned i = 0; i < more; i++)
            len += snprintf(text + len, sizeof text - (size_t)len, ",\"m%u\":%u", i, i);
        snprintf(text + len, sizeof text - (size_t)len, "}");
        cr_expect_eq(scan(text, JSON_SCAN_OTHERS_IGNORED, f),
                     more + 1 <= JSON_SCAN_MEMBERS_MAX ? ST_OK : ST_TOO_LARGE, "%u", more);
    }
}
