#include "fuzz.h"
#include "json.h"

/* What is accepted is accepted again as cJSON prints it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    cJSON *json, *again;

    if (json_parse_object((struct slice){ data, len }, &JSON_TOKEN_LIMITS, &json) != ST_OK)
        return 0;
    char *text = cJSON_PrintUnformatted(json);
    MUST(text != NULL);
    MUST(json_parse_object(slice_of(text), &JSON_MESSAGE_LIMITS, &again) == ST_OK);
    free(text);
    cJSON_Delete(json);
    cJSON_Delete(again);
    return 0;
}
