#include "fuzz.h"
#include "json.h"
#include "json_splice.h"

/* Each value is found where it stands: put in its own place, nothing changes. */
static void check_values(struct slice text, const cJSON *json)
{
    for (const cJSON *member = json->child; member; member = member->next) {
        uint8_t *copy = malloc(text.len);
        struct writer w = writer_over(copy, text.len);
        struct slice value;
        MUST(copy != NULL);
        MUST(json_find_value(text, json, member->string, &value) == ST_OK);
        MUST(value.len > 0 && value.data >= text.data &&
             value.data + value.len < text.data + text.len);
        MUST(!cJSON_IsString(member) == (value.data[0] != '"'));
        json_splice(&w, text, value, value);
        MUST(!w.full && slice_equal(writer_slice(&w), text));
        free(copy);
    }
}

/* What is accepted is accepted again as cJSON prints it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    cJSON *json, *again;

    if (json_parse_object((struct slice){ data, len }, &JSON_TOKEN_LIMITS, &json) != ST_OK)
        return 0;
    check_values((struct slice){ data, len }, json);
    char *text = cJSON_PrintUnformatted(json);
    MUST(text != NULL);
    MUST(json_parse_object(slice_of(text), &JSON_MESSAGE_LIMITS, &again) == ST_OK);
    free(text);
    cJSON_Delete(json);
    cJSON_Delete(again);
    return 0;
}
