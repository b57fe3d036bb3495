#include "json.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each is no object of RFC 8259 and I-JSON. */
static const char *const bad[] = {
    "",
    " ",
    "[]",
    "1",
    "\"a\"",
    "null",
    "true",
    "{",
    "}",
    "{]",
    "{}}",
    "{}{}",
    "{} x",
    "{},",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{,\"a\":1}",
    "{\"a\":1 \"b\":2}",
    "{a:1}",
    "{'a':1}",
    "{\"a\":01}",
    "{\"a\":-}",
    "{\"a\":+1}",
    "{\"a\":.5}",
    "{\"a\":1.}",
    "{\"a\":1e}",
    "{\"a\":1e+}",
    "{\"a\":0x1}",
    "{\"a\":1e999}",
    "{\"a\":NaN}",
    "{\"a\":Infinity}",
    "{\"a\":--1}",
    "{\"a\":1_0}",
    "{\"a\":tru}",
    "{\"a\":True}",
    "{\"a\":nul}",
    "{\"a\":undefined}",
    "{\"a\":\"\t\"}",
    "{\"a\":\"\n\"}",
    "{\"a\":\"\x01\"}",
    "{\"a\":\"\\x\"}",
    "{\"a\":\"\\u12\"}",
    "{\"a\":\"\\u12g4\"}",
    "{\"a\":\"\\u0000\"}",
    "{\"a\\u0000\":1}",
    "{\"a\":\"\\ud800\"}",
    "{\"a\":\"\\udc00\"}",
    "{\"a\":\"\\ud800\\u0041\"}",
    "{\"a\":\"\\ud800x\"}",
    "{\"a\":\"b}",
    "{\"a\":\"\xff\"}",
    "{\"a\":\"\xc0\xaf\"}",
    "{\"a\":\"\xed\xa0\x80\"}",
    "{\"a\":\"\xf4\x90\x80\x80\"}",
    "{\"a\":\"\xe2\x82\"}",
    "{\"a\":\"\x80\"}",
    "\xef\xbb\xbf{}",
    "{\"a\":1}\x01",
    "{\"a\":\"\\'\"}",
    "{\"a\":1,\"a\":2}",
    "{\"a\":1,\"\\u0061\":2}",
    "{\"b\":{\"a\":1,\"a\":1}}",
    "{\"b\":[{\"a\":1,\"a\":1}]}",
    "{\"a\":[1,]}",
    "{\"a\":[,1]}",
    "{\"a\":[1 2]}",
    "{\"a\":[1}",
    "// a\n{}",
    "{/**/}",
    "{\"a\":1;}",
    "{\"a\"::1}",
    "{\"a\",1}",
    "{1:1}",
    "{null:1}",
    "{\"a\":\v1}",
    "\f{}",
};

static const char *const good[] = {
    "{}",
    " {\t\r\n} ",
    "{\"a\":0}",
    "{\"a\":-0}",
    "{\"a\":-1.5e-3}",
    "{\"a\":1E+2}",
    "{\"a\":10}",
    "{\"a\":[]}",
    "{\"a\":{}}",
    "{\"a\":[1,[2,{\"a\":3}]]}",
    "{\"a\":true,\"b\":false,\"c\":null}",
    "{\"\":1}",
    "{\"a\":\"\"}",
    "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}",
    "{\"a\":\"\\u00e9\"}",
    "{\"a\":\"\\ud83d\\ude00\"}",
    "{\"a\":\"\xc3\xa9\"}",
    "{\"a\":\"\xf0\x9f\x98\x80\"}",
    "{\"a\":1,\"A\":2}",
    "{\"a\":\"\x7f\"}",
    "{\"a\":0.5}",
    "{\"a\":{\"b\":1},\"b\":{\"b\":1}}",
};

static enum status parse(struct slice text, const struct json_limits *limits)
{
    cJSON *json;
    enum status st = json_parse_object(text, limits, &json);

    if (!st)
        cJSON_Delete(json);
    return st;
}

Test(json, refuses)
{
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(parse(slice_of(bad[i]), &JSON_MESSAGE_LIMITS), ST_INVALID, "%s", bad[i]);
    cr_assert_eq(parse(SLICE_LIT("{\"a\":1}\0"), &JSON_MESSAGE_LIMITS), ST_INVALID, "NUL behind");
    cr_assert_eq(parse(SLICE_LIT("{\"a\":\"\0\"}"), &JSON_MESSAGE_LIMITS), ST_INVALID,
                 "NUL within");
}

Test(json, accepts)
{
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        cr_assert_eq(parse(slice_of(good[i]), &JSON_MESSAGE_LIMITS), ST_OK, "%s", good[i]);
}

Test(json, every_prefix_of_an_object_is_refused)
{
    const char *text = "{\"a\":[1,{\"b\":\"\\u00e9\xc3\xa9\"}],\"c\":-1.5e+3}";

    for (size_t n = 0; n < strlen(text); n++)
        cr_assert_eq(parse((struct slice){ (const uint8_t *)text, n }, &JSON_MESSAGE_LIMITS),
                     ST_INVALID, "%zu", n);
}

Test(json, limits_from_both_sides)
{
    const struct json_limits limits = { .max_len = 20, .max_depth = 3, .max_items = 4 };

    cr_assert_eq(parse(SLICE_LIT("{\"a\":1,\"b\":2}       "), &limits), ST_OK);
    cr_assert_eq(parse(SLICE_LIT("{\"a\":1,\"b\":2}        "), &limits), ST_TOO_LARGE);
    cr_assert_eq(parse(SLICE_LIT("{\"a\":[[]]}"), &limits), ST_OK);
    cr_assert_eq(parse(SLICE_LIT("{\"a\":[[[]]]}"), &limits), ST_INVALID);
    cr_assert_eq(parse(SLICE_LIT("{\"a\":[1,2]}"), &limits), ST_OK);
    cr_assert_eq(parse(SLICE_LIT("{\"a\":[1,2,3]}"), &limits), ST_INVALID);
}

Test(json, a_duplicate_among_many_is_found)
{
    char *text = malloc(65536);
    size_t n = (size_t)sprintf(text, "{\"x\":0");

    for (int i = 0; i < 3000; i++)
        n += (size_t)sprintf(text + n, ",\"m%d\":0", i);
    memcpy(text + n, "}", 2);
    cr_assert_eq(parse(slice_of(text), &JSON_MESSAGE_LIMITS), ST_OK);
    memcpy(text + n, ",\"m7\":0}", 9);
    cr_assert_eq(parse(slice_of(text), &JSON_MESSAGE_LIMITS), ST_INVALID);
    free(text);
}

Test(json, members)
{
    cJSON *json;
    struct slice text;
    int64_t number;
    double real;
    uint8_t bytes[3];
    static const char *const all[] = { "t", "e", "i", "f", "big", "b", NULL };

    cr_assert_eq(json_parse_object(SLICE_LIT("{\"t\":\"abc\",\"e\":\"\",\"i\":7,\"f\":7.5,"
                                             "\"big\":9007199254740994,\"b\":\"Zm9v\"}"),
                                   &JSON_MESSAGE_LIMITS, &json),
                 ST_OK);
    cr_assert_eq(json_get_text(json, "t", 3, &text), ST_OK);
    cr_assert(slice_is(text, "abc"));
    cr_assert_eq(json_get_text(json, "t", 2, &text), ST_INVALID);
    cr_assert_eq(json_get_text(json, "T", 3, &text), ST_NOT_FOUND, "names have a case");
    cr_assert_eq(json_get_text(json, "e", 3, &text), ST_INVALID);
    cr_assert_eq(json_get_text(json, "i", 3, &text), ST_INVALID);
    cr_assert_eq(json_get_optional_text(json, "none", 3, &text), ST_OK);
    cr_assert_eq(text.len, 0);
    cr_assert_eq(json_get_int(json, "i", 7, 7, &number), ST_OK);
    cr_assert_eq(json_get_int(json, "i", 8, 9, &number), ST_INVALID);
    cr_assert_eq(json_get_int(json, "i", 5, 6, &number), ST_INVALID);
    cr_assert_eq(json_get_int(json, "f", 0, 9, &number), ST_INVALID);
    cr_assert_eq(json_get_int(json, "big", 0, INT64_MAX, &number), ST_INVALID);
    cr_assert_eq(json_get_int(json, "t", 0, 9, &number), ST_INVALID);
    cr_assert_eq(json_get_number(json, "f", 0, 7.5, &real), ST_OK);
    cr_assert_eq(json_get_number(json, "f", 0, 7.4, &real), ST_INVALID);
    cr_assert_eq(json_get_bytes(json, "b", bytes, 3), ST_OK);
    cr_assert_eq(json_get_bytes(json, "b", bytes, 2), ST_INVALID);
    cr_assert_eq(json_only_members(json, all), ST_OK);
    cr_assert_eq(json_only_members(json, all + 1), ST_INVALID);
    cJSON_Delete(json);
}

Test(json, integers_are_those_a_double_tells_apart)
{
    static const struct {
        const char *text;
        enum status st;
    } cases[] = {
        { "{\"a\":9007199254740993}", ST_INVALID }, /* rounds to 2^53 */
        { "{\"a\":-9007199254740993}", ST_INVALID }, { "{\"a\":9007199254740992}", ST_INVALID },
        { "{\"a\":9007199254740991}", ST_OK },       { "{\"a\":-9007199254740991}", ST_OK },
    };
    int64_t number;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cJSON *json;
        cr_assert_eq(json_parse_object(slice_of(cases[i].text), &JSON_MESSAGE_LIMITS, &json),
                     ST_OK);
        cr_assert_eq(json_get_int(json, "a", INT64_MIN, INT64_MAX, &number), cases[i].st, "%s",
                     cases[i].text);
        cJSON_Delete(json);
    }
}

Test(json, long_numbers)
{
    char text[512] = "{\"a\":0.";

    /* Some cJSON 1.7 copy a number into 64 bytes first. */
    memset(text + strlen(text), '1', 400);
    strcat(text, "}");
    cr_assert_eq(parse(slice_of(text), &JSON_MESSAGE_LIMITS), ST_OK);
}

Test(json, writing)
{
    uint8_t text[256];
    struct writer w = writer_over(text, sizeof text);
    struct json_writer j = json_writer_over(&w);

    json_begin_object(&j, NULL);
    json_text(&j, "t", SLICE_LIT("a\"\\\n\x01\xc3\xa9\xff"));
    json_int(&j, "i", -5);
    json_number(&j, "n", 0.99995, 4);
    json_number(&j, "m", -1.25, 2);
    json_begin_array(&j, "a");
    json_bool(&j, NULL, true);
    json_begin_object(&j, NULL);
    json_end_object(&j);
    json_end_array(&j);
    json_base64url(&j, "b", SLICE_LIT("foo"));
    json_hex(&j, "h", SLICE_LIT("\x0f"));
    json_end_object(&j);
    cr_assert(slice_is(writer_slice(&w),
                       "{\"t\":\"a\\\"\\\\\\n\\u0001\xc3\xa9\xef\xbf\xbd\",\"i\":-5,\"n\":1.0000,"
                       "\"m\":-1.25,\"a\":[true,{}],\"b\":\"Zm9v\",\"h\":\"0f\"}"),
              "%.*s", (int)w.len, text);
    cr_assert_eq(parse(writer_slice(&w), &JSON_MESSAGE_LIMITS), ST_OK);
}
