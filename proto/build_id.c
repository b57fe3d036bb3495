#include "build_id.h"

#include <string.h>

#include "hex.h"

bool build_id_equal(const struct build_id *a, const struct build_id *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

enum status build_id_read(struct slice text, struct build_id *out)
{
    size_t len;

    if (hex_decode(text, out->bytes, sizeof out->bytes, &len) || len < BUILD_ID_MIN)
        return ST_INVALID;
    out->len = (uint8_t)len;
    return ST_OK;
}

struct build_id_text build_id_text(const struct build_id *id)
{
    struct build_id_text out;

    hex_encode(out.text, (struct slice){ id->bytes, id->len });
    return out;
}
