#include "msg_error.h"

#include <criterion/criterion.h>
#include <string.h>

static enum status decode(struct slice text, struct error_message *out, cJSON **json)
{
    cr_assert_eq(json_parse_object(text, &JSON_MESSAGE_LIMITS, json), ST_OK);
    return error_message_decode(*json, out);
}

Test(msg_error, there_and_back)
{
    const struct error_message in = { SLICE_LIT("invalid_request"), SLICE_LIT("why"),
                                      SLICE_LIT("id") };
    struct error_message out;
    uint8_t text[256];
    struct writer w = writer_over(text, sizeof text);
    cJSON *json;

    cr_assert_eq(error_message_encode(&in, &w), ST_OK);
    cr_assert_eq(decode(writer_slice(&w), &out, &json), ST_OK);
    cr_assert(slice_is(out.error, "invalid_request"));
    cr_assert(slice_is(out.description, "why"));
    cr_assert(slice_is(out.error_id, "id"));
    cJSON_Delete(json);
}

Test(msg_error, only_the_code_is_needed)
{
    struct error_message out;
    cJSON *json;

    cr_assert_eq(decode(SLICE_LIT("{\"error\":\"e\"}"), &out, &json), ST_OK);
    cr_assert_eq(out.error_id.len, 0);
    cJSON_Delete(json);
    cr_assert_eq(decode(SLICE_LIT("{\"error_description\":\"e\"}"), &out, &json), ST_INVALID);
    cJSON_Delete(json);
    cr_assert_eq(decode(SLICE_LIT("{\"error\":7}"), &out, &json), ST_INVALID);
    cJSON_Delete(json);
}

Test(msg_error, description_from_both_sides)
{
    for (size_t n = 512; n <= 513; n++) {
        char text[1024] = "{\"error\":\"e\",\"error_description\":\"";
        struct error_message out;
        size_t at = strlen(text);
        cJSON *json;
        memset(text + at, 'a', n);
        strcpy(text + at + n, "\"}");
        cr_assert_eq(decode(slice_of(text), &out, &json), n == 512 ? ST_OK : ST_INVALID);
        cJSON_Delete(json);
    }
}
