#include "device_details.h"

#include <string.h>

enum { TEXT_MAX = 8192 };

static const struct json_limits limits = { .max_len = TEXT_MAX, .max_depth = 8, .max_items = 1024 };

struct slice device_of_resource(struct slice resource, const char *prefix)
{
    size_t len = strlen(prefix);

    if (!slice_starts_with(resource, prefix))
        return (struct slice){ NULL, 0 };
    return (struct slice){ resource.data + len, resource.len - len };
}

static bool is_ours(const cJSON *item)
{
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(item, "type");

    return cJSON_IsString(type) && strcmp(type->valuestring, DEVICE_DETAILS_TYPE) == 0;
}

static bool names(const cJSON *item, const char *prefix, const char *id)
{
    const cJSON *place;

    cJSON_ArrayForEach(place, cJSON_GetObjectItemCaseSensitive(item, "locations"))
    {
        if (cJSON_IsString(place) &&
            slice_is(device_of_resource(slice_of(place->valuestring), prefix), id))
            return true;
    }
    return false;
}

static enum status read_actions(const cJSON *item, char scope[static GRANT_SCOPE_MAX + 1])
{
    struct writer w = writer_over(scope, GRANT_SCOPE_MAX);
    const cJSON *list, *action;

    if (json_get_array(item, "actions", &list) || !list->child)
        return ST_INVALID;
    cJSON_ArrayForEach(action, list)
    {
        if (!cJSON_IsString(action) || !device_scope_ok(action->valuestring))
            return ST_INVALID;
        if (w.len)
            writer_byte(&w, ' ');
        writer_text(&w, action->valuestring);
    }
    scope[w.len] = '\0';
    return w.full ? ST_TOO_LARGE : ST_OK;
}

/* Absent, *out stays as it is. */
static enum status read_time(const cJSON *item, const char *name, int64_t *out)
{
    return json_get_int(item, name, 0, DEVICE_TIME_MAX, out) == ST_INVALID ? ST_INVALID : ST_OK;
}

static enum status read_item(const cJSON *item, struct device_details *out)
{
    static const char *const members[] = { "type", "locations", "actions", "nbf",
                                           "exp",  "once",      NULL };
    const cJSON *once = cJSON_GetObjectItemCaseSensitive(item, "once");

    out->not_before = INT64_MIN;
    out->expires = INT64_MAX;
    out->once = cJSON_IsTrue(once);
    if (json_only_members(item, members) || (once && !cJSON_IsBool(once)))
        return ST_INVALID;
    enum status st = read_actions(item, out->scope);
    if (!st)
        st = read_time(item, "nbf", &out->not_before);
    return st ? st : read_time(item, "exp", &out->expires);
}

static enum status read_only_location(const cJSON *item, const char *prefix,
                                      char id[static DEVICE_ID_MAX + 1])
{
    const cJSON *list;
    struct slice name;

    if (json_get_array(item, "locations", &list) || cJSON_GetArraySize(list) != 1 ||
        !cJSON_IsString(list->child))
        return ST_INVALID;
    name = device_of_resource(slice_of(list->child->valuestring), prefix);
    return device_name_ok(name) ? slice_copy_text(name, id, DEVICE_ID_MAX + 1) : ST_INVALID;
}

static enum status find_asked(const cJSON *list, const char *prefix, struct device_details *out,
                              bool *others)
{
    const cJSON *item, *found = NULL;

    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsObject(item) || (found && is_ours(item)))
            return ST_INVALID;
        if (is_ours(item))
            found = item;
        else
            *others = true;
    }
    if (!found)
        return ST_NOT_FOUND;
    enum status st = read_only_location(found, prefix, out->id);
    return st ? st : read_item(found, out);
}

/* The strict reader takes objects, and this is an array. */
enum status device_details_asked(struct slice text, const char *prefix, struct device_details *out,
                                 bool *others)
{
    uint8_t room[TEXT_MAX];
    struct writer w = writer_over(room, sizeof room);
    const cJSON *list;
    cJSON *object;

    *out = (struct device_details){ .once = false };
    *others = false;
    writer_text(&w, "{\"list\":");
    writer_put(&w, text);
    writer_text(&w, "}");
    if (w.full)
        return ST_TOO_LARGE;
    enum status st = json_parse_object(writer_slice(&w), &limits, &object);
    if (st)
        return st;
    /* One member, or else the text was more than an array. */
    st = object->child->next || json_get_array(object, "list", &list)
             ? ST_INVALID
             : find_asked(list, prefix, out, others);
    cJSON_Delete(object);
    return st;
}

enum status device_details_granted(const cJSON *list, const char *prefix, const char *id,
                                   struct device_details *out)
{
    const cJSON *item, *found = NULL;

    *out = (struct device_details){ .once = false };
    cJSON_ArrayForEach(item, list)
    {
        if (!is_ours(item) || !names(item, prefix, id))
            continue;
        if (found)
            return ST_INVALID;
        found = item;
    }
    if (!found)
        return ST_NOT_FOUND;
    enum status st = slice_copy_text(slice_of(id), out->id, sizeof out->id);
    return st ? st : read_item(found, out);
}
