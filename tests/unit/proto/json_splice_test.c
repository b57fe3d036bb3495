#include "json_splice.h"

#include <criterion/criterion.h>
#include <string.h>

static cJSON *parsed(const char *text)
{
    cJSON *object = NULL;

    cr_assert_eq(json_parse_object(slice_of(text), &JSON_MESSAGE_LIMITS, &object), ST_OK, "%s",
                 text);
    return object;
}

Test(json_splice, a_member_that_is_elsewhere_is_not_found)
{
    static const char *const texts[] = {
        "{}",
        " { } ",
        "{\"b\":\"a\"}",
        "{\"b\":{\"a\":1}}",
        "{\"b\":[\"a\",{\"a\":1}]}",
        "{\"A\":1,\"aa\":2,\"\":3}",
        "{\"b\":\"\\\",\\\"a\\\":1\"}",
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct slice value;
        cJSON *object = parsed(texts[i]);
        cr_expect_eq(json_find_value(slice_of(texts[i]), object, "a", &value), ST_NOT_FOUND, "%s",
                     texts[i]);
        cJSON_Delete(object);
    }
}

Test(json_splice, only_the_value_changes)
{
    static const struct {
        const char *text, *value, *spliced;
    } rows[] = {
        { "{\"a\":1}", "1", "{\"a\":NEW}" },
        { " {\t\"a\" :\n\"x\" , \"b\":2}\r\n", "\"x\"", " {\t\"a\" :\nNEW , \"b\":2}\r\n" },
        { "{\"b\":{\"a\":[1,\"}\"]},\"a\":\"\\\"\\\\\"}", "\"\\\"\\\\\"",
          "{\"b\":{\"a\":[1,\"}\"]},\"a\":NEW}" },
        { "{\"b\":\"\\\\\",\"\\u0061\":-1.5e+3 }", "-1.5e+3", "{\"b\":\"\\\\\",\"\\u0061\":NEW }" },
        { "{\"b\":[[],{},\"]\"],\"a\":{\"a\":[{}]},\"c\":null}", "{\"a\":[{}]}",
          "{\"b\":[[],{},\"]\"],\"a\":NEW,\"c\":null}" },
        { "{\"b\":true,\"c\":1,\"a\":null}", "null", "{\"b\":true,\"c\":1,\"a\":NEW}" },
        { "{\"b\":\"\xc3\xa4\",\"a\":[]}", "[]", "{\"b\":\"\xc3\xa4\",\"a\":NEW}" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[256];
        struct writer w = writer_over(out, sizeof out);
        struct slice text = slice_of(rows[i].text), value;
        cJSON *object = parsed(rows[i].text);
        cr_assert_eq(json_find_value(text, object, "a", &value), ST_OK, "%s", rows[i].text);
        cr_expect(slice_is(value, rows[i].value), "%s", rows[i].text);
        json_splice(&w, text, value, SLICE_LIT("NEW"));
        cr_expect(!w.full && slice_is(writer_slice(&w), rows[i].spliced), "%s", rows[i].text);
        cJSON_Delete(object);
    }
}

Test(json_splice, what_does_not_fit_is_told)
{
    char out[8];
    struct writer w = writer_over(out, sizeof out);
    struct slice text = SLICE_LIT("{\"a\":1}"), value;
    cJSON *object = parsed("{\"a\":1}");

    cr_assert_eq(json_find_value(text, object, "a", &value), ST_OK);
    json_splice(&w, text, value, SLICE_LIT("123"));
    cr_expect(w.full);
    w = writer_over(out, sizeof out);
    json_splice(&w, text, value, SLICE_LIT("12"));
    cr_expect(!w.full && slice_is(writer_slice(&w), "{\"a\":12}"));
    cJSON_Delete(object);
}
