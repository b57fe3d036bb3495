#include "json_splice.h"

#include <string.h>

/* The text is valid, so that looking for its ends is enough. */
struct scan {
    const uint8_t *at;
};

static void skip_space(struct scan *s)
{
    while (strchr(" \t\r\n", *s->at))
        s->at++;
}

static void skip_string(struct scan *s)
{
    for (s->at++; *s->at != '"'; s->at++)
        s->at += *s->at == '\\';
    s->at++;
}

/* Numbers and the three words. */
static void skip_word(struct scan *s)
{
    while (!strchr(" \t\r\n,]}", *s->at))
        s->at++;
}

static void skip_nested(struct scan *s)
{
    unsigned depth = 0;

    do {
        if (*s->at == '"') {
            skip_string(s);
            continue;
        }
        depth += *s->at == '{' || *s->at == '[';
        depth -= *s->at == '}' || *s->at == ']';
        s->at++;
    } while (depth);
}

static struct slice take_value(struct scan *s)
{
    const uint8_t *start = s->at;

    if (*s->at == '"')
        skip_string(s);
    else if (*s->at == '{' || *s->at == '[')
        skip_nested(s);
    else
        skip_word(s);
    return (struct slice){ start, (size_t)(s->at - start) };
}

/* From the '{' or ',' before a member to the end of its value. */
static struct slice take_member(struct scan *s)
{
    s->at++;
    skip_space(s);
    skip_string(s);
    skip_space(s);
    s->at++;
    skip_space(s);
    struct slice value = take_value(s);
    skip_space(s);
    return value;
}

enum status json_find_value(struct slice text, const cJSON *object, const char *name,
                            struct slice *value)
{
    struct scan s = { text.data };

    skip_space(&s);
    for (const cJSON *member = object->child; member; member = member->next) {
        *value = take_member(&s);
        if (strcmp(member->string, name) == 0)
            return ST_OK;
    }
    return ST_NOT_FOUND;
}

void json_splice(struct writer *w, struct slice text, struct slice value, struct slice by)
{
    const uint8_t *behind = value.data + value.len;

    writer_put(w, (struct slice){ text.data, (size_t)(value.data - text.data) });
    writer_put(w, by);
    writer_put(w, (struct slice){ behind, (size_t)(text.data + text.len - behind) });
}
