#include "json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base64url.h"
#include "json_check.h"
#include "json_tree.h"

const struct json_limits JSON_MESSAGE_LIMITS = { 64 * 1024, 8, 4096 };
const struct json_limits JSON_TOKEN_LIMITS = { JSON_TOKEN_LEN, 6, JSON_TOKEN_ITEMS };

enum status json_parse_object(struct slice text, const struct json_limits *limits, cJSON **out)
{
    enum status st = json_check(text, limits);

    if (st)
        return st;
    cJSON *root = cJSON_ParseWithLength((const char *)text.data, text.len);
    if (!root)
        return ST_NO_MEMORY; /* the text is JSON: nothing else is left to fail */
    st = json_check_tree(root);
    if (st) {
        cJSON_Delete(root);
        return st;
    }
    *out = root;
    return ST_OK;
}

static const cJSON *find(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

enum status json_get_text(const cJSON *object, const char *name, size_t max_len, struct slice *out)
{
    const cJSON *m = find(object, name);

    if (!m)
        return ST_NOT_FOUND;
    if (!cJSON_IsString(m))
        return ST_INVALID;
    struct slice text = slice_of(m->valuestring);
    if (text.len == 0 || text.len > max_len)
        return ST_INVALID;
    *out = text;
    return ST_OK;
}

enum status json_get_optional_text(const cJSON *object, const char *name, size_t max_len,
                                   struct slice *out)
{
    enum status st = json_get_text(object, name, max_len, out);

    if (st != ST_NOT_FOUND)
        return st;
    *out = (struct slice){ NULL, 0 };
    return ST_OK;
}

enum status json_get_number(const cJSON *object, const char *name, double min, double max,
                            double *out)
{
    const cJSON *m = find(object, name);

    if (!m)
        return ST_NOT_FOUND;
    if (!cJSON_IsNumber(m) || m->valuedouble < min || m->valuedouble > max)
        return ST_INVALID;
    *out = m->valuedouble;
    return ST_OK;
}

enum status json_get_int(const cJSON *object, const char *name, int64_t min, int64_t max,
                         int64_t *out)
{
    /* 2^53 - 1 (RFC 7493 §2.2): 2^53 itself is also what 2^53 + 1 rounds to. */
    const double exact = 9007199254740991.0;
    double value;
    enum status st = json_get_number(object, name, -exact, exact, &value);

    if (st)
        return st;
    if (value != floor(value) || (int64_t)value < min || (int64_t)value > max)
        return ST_INVALID;
    *out = (int64_t)value;
    return ST_OK;
}

enum status json_get_array(const cJSON *object, const char *name, const cJSON **out)
{
    const cJSON *m = find(object, name);

    if (!m)
        return ST_NOT_FOUND;
    if (!cJSON_IsArray(m))
        return ST_INVALID;
    *out = m;
    return ST_OK;
}

enum status json_get_object(const cJSON *object, const char *name, const cJSON **out)
{
    const cJSON *m = find(object, name);

    if (!m)
        return ST_NOT_FOUND;
    if (!cJSON_IsObject(m))
        return ST_INVALID;
    *out = m;
    return ST_OK;
}

enum status json_get_bytes(const cJSON *object, const char *name, uint8_t *out, size_t n)
{
    struct slice text;
    enum status st = json_get_text(object, name, BASE64URL_LEN(n), &text);

    return st ? st : base64url_decode_exact(text, out, n);
}

static bool named(const char *name, const char *const names[])
{
    for (size_t i = 0; names[i]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

enum status json_only_members(const cJSON *object, const char *const names[])
{
    for (const cJSON *m = object->child; m; m = m->next)
        if (!named(m->string, names))
            return ST_INVALID;
    return ST_OK;
}
