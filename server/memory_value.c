#include "memory_value.h"

#include <stdlib.h>
#include <string.h>

#include "secret.h"

size_t memory_value_extra(size_t len)
{
    return len > STORE_MEMORY_INLINE ? len : 0;
}

static uint8_t *far_bytes(const struct memory_value *v)
{
    uint8_t *at;

    memcpy(&at, v->bytes, sizeof at);
    return at;
}

enum status memory_value_init(struct memory_value *out, struct slice value)
{
    uint8_t *at = out->bytes;

    if (value.len > UINT32_MAX)
        return ST_TOO_LARGE;
    if (memory_value_extra(value.len)) {
        at = malloc(value.len);
        if (!at)
            return ST_NO_MEMORY;
        memcpy(out->bytes, &at, sizeof at);
    }
    if (value.len)
        memcpy(at, value.data, value.len);
    out->len = (uint32_t)value.len;
    return ST_OK;
}

void memory_value_clear(struct memory_value *v)
{
    if (memory_value_extra(v->len)) {
        secret_wipe(far_bytes(v), v->len);
        free(far_bytes(v));
    } else {
        secret_wipe(v->bytes, v->len);
    }
    v->len = 0;
}

void memory_value_move(struct memory_value *to, struct memory_value *from)
{
    *to = *from;
    if (!memory_value_extra(from->len))
        secret_wipe(from->bytes, from->len);
    from->len = 0;
}

struct slice memory_value_slice(const struct memory_value *v)
{
    return (struct slice){ memory_value_extra(v->len) ? far_bytes(v) : v->bytes, v->len };
}
