#include "device_reply.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct device_terms terms = { .scope = "a b", .not_before = 5, .expires = 9 };
static const uint8_t id[GRANT_ID_LEN] = { 1 }, key[OCT_KEY_LEN] = { 2 };

static const char *written(const char *body, const struct device_reply *what)
{
    static char text[DEVICE_REPLY_MAX];
    struct writer w = writer_over(text, sizeof text - 1);
    cJSON *object;

    cr_assert_eq(device_reply_write(slice_of(body), what, &w), ST_OK);
    text[w.len] = '\0';
    cr_assert_eq(json_parse_object(writer_slice(&w), &JSON_MESSAGE_LIMITS, &object), ST_OK, "%s",
                 text);
    cJSON_Delete(object);
    return text;
}

Test(device_reply, goes_behind_what_upstream_said)
{
    const struct device_reply what = {
        .device = "door", .terms = &terms, .grant_id = id, .key = key, .delivery = "acknowledged"
    };

    cr_assert_str_eq(written("{ \"access_token\":\"}\" }\n ", &what),
                     "{ \"access_token\":\"}\" ,\"cnf\":{\"jwk\":{\"kty\":\"oct\",\"k\":"
                     "\"AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}},\"device_grant\":{"
                     "\"device\":\"door\",\"scope\":\"a b\",\"nbf\":5,\"exp\":9,\"once\":false,"
                     "\"delivery\":\"acknowledged\",\"grant_id\":\"AQAAAAAAAAAAAAAAAAAAAA\"}}");
}

Test(device_reply, a_key_of_the_apps_own_does_not_come_back)
{
    const struct device_reply what = { .device = "pump",
                                       .terms = &terms,
                                       .grant_id = id,
                                       .delivery = "token",
                                       .token = SLICE_LIT("h.c.s") };
    const char *text = written("{\"access_token\":\"x\"}", &what);

    cr_assert_null(strstr(text, "cnf"));
    cr_assert_null(strstr(text, "grant_id"));
    cr_assert_not_null(strstr(text, "\"token\":\"h.c.s\""));
}

Test(device_reply, knows_a_collision)
{
    static const struct {
        const char *text;
        bool collides;
    } cases[] = { { "{\"access_token\":\"x\"}", false },
                  { "{\"cnf\":{}}", true },
                  { "{\"c\\u006ef\":1}", true },
                  { "{\"device_grant\":null}", true } };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cJSON *object;
        cr_assert_eq(json_parse_object(slice_of(cases[i].text), &JSON_MESSAGE_LIMITS, &object),
                     ST_OK);
        cr_expect_eq(device_reply_collides(object), cases[i].collides, "%s", cases[i].text);
        cJSON_Delete(object);
    }
}

Test(device_reply, says_when_it_does_not_fit)
{
    const struct device_reply what = {
        .device = "door", .terms = &terms, .grant_id = id, .key = key, .delivery = "queued"
    };
    char text[64];
    struct writer w = writer_over(text, sizeof text);

    cr_assert_eq(device_reply_write(SLICE_LIT("{\"a\":1}"), &what, &w), ST_TOO_LARGE);
}
