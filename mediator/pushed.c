#include "pushed.h"

#include "msg_challenge.h"

enum { KEPT_HERE = 'h', AT_UPSTREAM = 'u' };

struct store_key pushed_key(struct slice request_uri)
{
    return store_key_hashed(STORE_REQUEST, request_uri);
}

enum status pushed_encode(const struct pushed *p, struct writer *w)
{
    if (p->client_id.len > CLIENT_ID_MAX || p->query.len > PUSHED_QUERY_MAX)
        return ST_TOO_LARGE;
    writer_byte(w, p->at_upstream ? AT_UPSTREAM : KEPT_HERE);
    writer_byte(w, (uint8_t)p->client_id.len);
    writer_put(w, p->client_id);
    writer_put(w, p->query);
    return w->full ? ST_TOO_LARGE : ST_OK;
}

enum status pushed_decode(struct slice value, struct pushed *out)
{
    if (value.len < 2 || value.len - 2 < value.data[1])
        return ST_INVALID;
    size_t id_len = value.data[1];
    if (value.data[0] != AT_UPSTREAM && value.data[0] != KEPT_HERE)
        return ST_INVALID;
    out->at_upstream = value.data[0] == AT_UPSTREAM;
    out->client_id = (struct slice){ value.data + 2, id_len };
    out->query = (struct slice){ value.data + 2 + id_len, value.len - 2 - id_len };
    return ST_OK;
}
