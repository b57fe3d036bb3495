#include "challenge.h"

#include <string.h>

_Static_assert((int)CHALLENGE_LEN == (int)STORE_ID_LEN, "a challenge is its own key");

/* Both daemons on one store are of one build at most times; the version says so when they are not.
 */
enum { VERSION = 1, RECORD_LEN = 1 + SHA256_LEN + BUILD_TAG_LEN + 8 + 2 + 4 + 8 };

static struct store_key key_of(const uint8_t bytes[static CHALLENGE_LEN])
{
    struct store_key key = { .space = STORE_CHALLENGE };

    memcpy(key.id, bytes, sizeof key.id);
    return key;
}

/* Numbers lie as this machine has them: Redis is read by daemons of one kind. */
static void put(uint8_t **at, const void *bytes, size_t len)
{
    memcpy(*at, bytes, len);
    *at += len;
}

static void get(const uint8_t **at, void *bytes, size_t len)
{
    memcpy(bytes, *at, len);
    *at += len;
}

static void encode(const struct challenge_record *r, uint8_t out[static RECORD_LEN])
{
    uint8_t *at = out;

    *at++ = VERSION;
    put(&at, r->jkt.bytes, sizeof r->jkt.bytes);
    put(&at, r->tag.bytes, sizeof r->tag.bytes);
    put(&at, &r->issued_at, sizeof r->issued_at);
    put(&at, &r->blocks, sizeof r->blocks);
    put(&at, &r->streak, sizeof r->streak);
    put(&at, &r->miss, sizeof r->miss);
}

enum status challenge_record_decode(struct slice value, struct challenge_record *out)
{
    const uint8_t *at = value.data;

    if (value.len != RECORD_LEN || *at++ != VERSION)
        return ST_INVALID;
    get(&at, out->jkt.bytes, sizeof out->jkt.bytes);
    get(&at, out->tag.bytes, sizeof out->tag.bytes);
    get(&at, &out->issued_at, sizeof out->issued_at);
    get(&at, &out->blocks, sizeof out->blocks);
    get(&at, &out->streak, sizeof out->streak);
    get(&at, &out->miss, sizeof out->miss);
    return out->blocks <= PROBE_BLOCKS_MAX ? ST_OK : ST_INVALID;
}

void challenge_issue(struct store *store, const struct challenge *c,
                     const struct challenge_record *record, uint32_t ttl_ms, store_fn *done,
                     void *arg)
{
    struct store_key key = key_of(c->bytes);
    uint8_t value[RECORD_LEN];

    encode(record, value);
    store_create(store, &key, (struct slice){ value, sizeof value }, ttl_ms, done, arg);
}

/* "Exactly once" rests on store_take being one atomic read-and-delete. */
void challenge_consume(struct store *store, const uint8_t bytes[static CHALLENGE_LEN],
                       store_fn *done, void *arg)
{
    struct store_key key = key_of(bytes);

    store_take(store, &key, done, arg);
}
