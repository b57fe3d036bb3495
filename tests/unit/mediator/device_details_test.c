#include "device_details.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "urn:vouchsafe:device:"
#define ITEM(more)                                                                                 \
    "{\"type\":\"vouchsafe_device\",\"locations\":[\"" PREFIX                                      \
    "door\"],\"actions\":[\"a\",\"b:c\"]" more "}"
#define OTHER "{\"type\":\"payment\",\"amount\":{\"n\":1}}"

static enum status asked(const char *text, struct device_details *out, bool *others)
{
    return device_details_asked(slice_of(text), PREFIX, out, others);
}

Test(device_details, reads_what_is_asked)
{
    struct device_details d;
    bool others;

    cr_assert_eq(asked("[" ITEM("") "]", &d, &others), ST_OK);
    cr_assert_str_eq(d.id, "door");
    cr_assert_str_eq(d.scope, "a b:c");
    cr_assert_eq(d.not_before, INT64_MIN);
    cr_assert_eq(d.expires, INT64_MAX);
    cr_assert_not(d.once || others);
    cr_assert_eq(asked(" [" OTHER "," ITEM(",\"nbf\":5,\"exp\":9,\"once\":true") "] ", &d, &others),
                 ST_OK);
    cr_assert_eq(d.not_before, 5);
    cr_assert_eq(d.expires, 9);
    cr_assert(d.once && others);
}

Test(device_details, refuses_what_is_malformed)
{
    static const struct {
        const char *text;
        enum status st;
    } cases[] = {
        { "", ST_INVALID },
        { "{}", ST_INVALID },
        { "[1]", ST_INVALID },
        { "[", ST_INVALID },
        { "[],\"list\":[]", ST_INVALID },
        { "[],\"more\":1", ST_INVALID },
        { "[]}{", ST_INVALID },
        { "[]", ST_NOT_FOUND },
        { "[" OTHER "]", ST_NOT_FOUND },
        { "[" ITEM("") "," ITEM("") "]", ST_INVALID },
        { "[" ITEM(",\"times\":1") "]", ST_INVALID },
        { "[" ITEM(",\"exp\":\"9\"") "]", ST_INVALID },
        { "[" ITEM(",\"exp\":-1") "]", ST_INVALID },
        { "[" ITEM(",\"exp\":1.5") "]", ST_INVALID },
        { "[" ITEM(",\"once\":1") "]", ST_INVALID },
        { "[{\"type\":\"vouchsafe_device\",\"actions\":[\"a\"]}]", ST_INVALID },
        { "[{\"type\":\"vouchsafe_device\",\"locations\":[],\"actions\":[\"a\"]}]", ST_INVALID },
        { "[{\"type\":\"vouchsafe_device\",\"locations\":[\"https://a/"
          "door\"],\"actions\":[\"a\"]}]",
          ST_INVALID },
        { "[{\"type\":\"vouchsafe_device\",\"locations\":[\"" PREFIX "a\",\"" PREFIX
          "b\"],\"actions\":[\"a\"]}]",
          ST_INVALID },
        { "[{\"type\":\"vouchsafe_device\",\"locations\":[\"" PREFIX "door\"]}]", ST_INVALID },
        { "[{\"type\":\"vouchsafe_device\",\"locations\":[\"" PREFIX "door\"],\"actions\":[]}]",
          ST_INVALID },
        { "[{\"type\":\"vouchsafe_device\",\"locations\":[\"" PREFIX
          "door\"],\"actions\":[\"a b\"]}]",
          ST_INVALID },
    };
    struct device_details d;
    bool others;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum status st = asked(cases[i].text, &d, &others);
        cr_expect_eq(st, cases[i].st, "%s: %s", cases[i].text, status_name(st));
    }
}

Test(device_details, scopes_have_a_limit)
{
    char text[3 * GRANT_SCOPE_MAX], word[129];
    struct device_details d;
    bool others;

    memset(word, 'a', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    for (int n = 1; n <= 2; n++) {
        snprintf(text, sizeof text,
                 "[{\"type\":\"vouchsafe_device\",\"locations\":[\"" PREFIX
                 "door\"],\"actions\":[\"%s\",\"%s\"]}]",
                 word, n == 2 ? word : "b");
        cr_expect_eq(asked(text, &d, &others), n == 2 ? ST_TOO_LARGE : ST_OK, "%d", n);
    }
}

static enum status granted(const char *text, struct device_details *out)
{
    char whole[2048];
    cJSON *object;

    snprintf(whole, sizeof whole, "{\"l\":%s}", text);
    cr_assert_eq(json_parse_object(slice_of(whole), &JSON_MESSAGE_LIMITS, &object), ST_OK);
    enum status st = device_details_granted(object->child, PREFIX, "door", out);
    cJSON_Delete(object);
    return st;
}

Test(device_details, finds_what_was_granted_for_the_device)
{
    struct device_details d;

    cr_assert_eq(granted("[" OTHER ",{\"type\":\"vouchsafe_device\",\"locations\":[\"" PREFIX
                         "gate\"],\"actions\":[\"x\"]}," ITEM("") "]",
                         &d),
                 ST_OK);
    cr_assert_str_eq(d.scope, "a b:c");
    cr_assert_eq(granted("[{\"type\":\"vouchsafe_device\",\"locations\":[\"" PREFIX
                         "gate\",\"" PREFIX "door\"],\"actions\":[\"x\"]}]",
                         &d),
                 ST_OK, "one of several");
    cr_assert_eq(granted("[]", &d), ST_NOT_FOUND);
    cr_assert_eq(granted("[{\"type\":\"vouchsafe_device\",\"locations\":[\"" PREFIX
                         "doo\"],\"actions\":[\"x\"]}]",
                         &d),
                 ST_NOT_FOUND);
    cr_assert_eq(granted("[" ITEM("") "," ITEM("") "]", &d), ST_INVALID);
    cr_assert_eq(granted("[" ITEM(",\"only_with\":\"gloves\"") "]", &d), ST_INVALID);
}
