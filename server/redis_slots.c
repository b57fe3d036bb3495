#include "redis_slots.h"

#include <hiredis/hiredis.h>
#include <string.h>

/* --- keys --- */

/* CRC16-CCITT (XMODEM): polynomial 0x1021, begins with 0. Keys are short. */
static uint16_t crc16(struct slice s)
{
    uint16_t crc = 0;

    for (size_t i = 0; i < s.len; i++) {
        crc ^= (uint16_t)(s.data[i] << 8);
        for (int bit = 0; bit < 8; bit++)
            crc = (uint16_t)(crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1);
    }
    return crc;
}

static struct slice hash_tag(struct slice key)
{
    const uint8_t *open = key.len ? memchr(key.data, '{', key.len) : NULL;

    if (!open)
        return key;
    size_t left = (size_t)(key.data + key.len - open) - 1;
    const uint8_t *close = left ? memchr(open + 1, '}', left) : NULL;
    if (!close || close == open + 1)
        return key;
    return (struct slice){ open + 1, (size_t)(close - open) - 1 };
}

uint16_t redis_slot_of(struct slice key)
{
    return crc16(hash_tag(key)) % REDIS_SLOT_COUNT;
}

/* --- the map --- */

static bool is_slot(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_INTEGER && reply->integer >= 0 &&
           reply->integer < REDIS_SLOT_COUNT;
}

/* [host, port, id...]; the host may be nil or empty: whoever was asked */
static enum status read_node(const redisReply *reply, const struct redis_endpoint *asked,
                             struct redis_endpoint *out)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 2 ||
        reply->element[1]->type != REDIS_REPLY_INTEGER || reply->element[1]->integer < 0)
        return ST_INVALID;
    const redisReply *host = reply->element[0];
    struct slice name = host->type == REDIS_REPLY_STRING && host->len
                            ? (struct slice){ (const uint8_t *)host->str, host->len }
                            : slice_of(asked->host);
    return redis_endpoint_set(name, (uint64_t)reply->element[1]->integer, out);
}

/* [first, last, master, replica...] */
static enum status read_range(const redisReply *reply, const struct redis_endpoint *asked,
                              redis_slots_fn *each, void *arg)
{
    struct redis_endpoint master;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 3 || !is_slot(reply->element[0]) ||
        !is_slot(reply->element[1]) || reply->element[0]->integer > reply->element[1]->integer)
        return ST_INVALID;
    if (read_node(reply->element[2], asked, &master))
        return ST_INVALID;
    each(arg, (uint16_t)reply->element[0]->integer, (uint16_t)reply->element[1]->integer, &master);
    return ST_OK;
}

enum status redis_slots_read(const redisReply *reply, const struct redis_endpoint *asked,
                             redis_slots_fn *each, void *arg)
{
    enum status st = reply->type == REDIS_REPLY_ARRAY && reply->elements ? ST_OK : ST_INVALID;

    for (size_t i = 0; !st && i < reply->elements; i++)
        st = read_range(reply->element[i], asked, each, arg);
    return st;
}

/* --- redirections --- */

enum status redis_redirection_read(const char *error, const struct redis_endpoint *asked,
                                   struct redis_redirection *out)
{
    struct slice rest = slice_of(error);
    struct slice word = slice_cut(&rest, ' ');
    uint64_t slot;

    out->asking = slice_is(word, "ASK");
    if (!out->asking && !slice_is(word, "MOVED"))
        return ST_UNSUPPORTED;
    if (slice_to_u64(slice_cut(&rest, ' '), REDIS_SLOT_COUNT - 1, &slot))
        return ST_INVALID;
    out->slot = (uint16_t)slot;
    return redis_endpoint_read(rest, asked, &out->to);
}
