#include "spent.h"

#include <string.h>

void spent_init(struct spent *s, struct spent_token *tokens, uint32_t capacity)
{
    *s = (struct spent){ .tokens = tokens, .capacity = capacity };
    for (uint32_t i = 0; i < capacity; i++)
        tokens[i] = (struct spent_token){ .expires = 0 };
}

bool spent_has(const struct spent *s, const uint8_t id[static GRANT_ID_LEN])
{
    for (uint32_t i = 0; i < s->capacity; i++)
        if (s->tokens[i].expires && memcmp(s->tokens[i].id, id, GRANT_ID_LEN) == 0)
            return true;
    return false;
}

enum status spent_add(struct spent *s, const uint8_t id[static GRANT_ID_LEN], int64_t expires,
                      int64_t now)
{
    if (spent_has(s, id))
        return ST_EXISTS;
    for (uint32_t i = 0; i < s->capacity; i++)
        if (s->tokens[i].expires <= now) {
            s->tokens[i].expires = expires;
            memcpy(s->tokens[i].id, id, GRANT_ID_LEN);
            return ST_OK;
        }
    return ST_BUSY;
}
