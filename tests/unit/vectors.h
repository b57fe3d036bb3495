/* vectors: public test vectors, where they are: in the folder that
 * VOUCHSAFE_VECTORS names, or in shared/vectors beside the project. */
#pragma once
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "hex.h"

/* The file's JSON; skips the test if it is not there. Free with cJSON_Delete. */
static inline cJSON *vectors_open(const char *name)
{
    const char *folder = getenv("VOUCHSAFE_VECTORS");
    char path[1024];

    snprintf(path, sizeof path, "%s/%s",
             folder ? folder : VOUCHSAFE_SOURCE_DIR "/../shared/vectors", name);
    FILE *file = fopen(path, "rb");
    if (!file)
        cr_skip_test("no vectors at %s", path);
    static char text[4 << 20];
    size_t len = fread(text, 1, sizeof text, file);
    fclose(file);
    cJSON *json = cJSON_ParseWithLength(text, len);
    cr_assert_not_null(json, "%s is JSON", path);
    return json;
}

static inline const char *vectors_text(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

    cr_assert_not_null(text, "%s", name);
    return text;
}

/* A member in hexadecimal; its length. */
static inline size_t vectors_hex(const cJSON *object, const char *name, uint8_t *out, size_t cap)
{
    size_t len = 0;

    cr_assert_eq(hex_decode(slice_of(vectors_text(object, name)), out, cap, &len), ST_OK);
    return len;
}
