#include "handout.h"

static enum status read_members(const char *member, size_t max_len, struct handout *out)
{
    int64_t seconds;
    enum status st = json_get_text(out->json, member, max_len, &out->name);

    if (!st)
        st = json_get_int(out->json, "expires_in", 1, HANDOUT_SECONDS_MAX, &seconds);
    if (!st)
        out->expires_in = (uint32_t)seconds;
    return st;
}

enum status handout_read(struct slice body, const char *member, size_t max_len, struct handout *out)
{
    enum status st;

    *out = (struct handout){ 0 };
    st = json_parse_object(body, &JSON_MESSAGE_LIMITS, &out->json);
    if (st)
        return st;
    st = read_members(member, max_len, out);
    if (st)
        handout_clear(out);
    return st;
}

void handout_clear(struct handout *h)
{
    cJSON_Delete(h->json);
    h->json = NULL;
}
