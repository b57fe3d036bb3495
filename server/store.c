#include "store.h"

#include <string.h>

#include "crypto.h"

void store_create(struct store *s, const struct store_key *key, struct slice value, uint32_t ttl_ms,
                  store_fn *done, void *arg)
{
    s->ops->create(s, key, value, ttl_ms, done, arg);
}

void store_mark(struct store *s, const struct store_key *key, uint32_t ttl_ms, store_fn *done,
                void *arg)
{
    s->ops->create(s, key, (struct slice){ NULL, 0 }, ttl_ms, done, arg);
}

void store_put(struct store *s, const struct store_key *key, struct slice value, uint32_t ttl_ms,
               store_fn *done, void *arg)
{
    s->ops->put(s, key, value, ttl_ms, done, arg);
}

void store_get(struct store *s, const struct store_key *key, store_fn *done, void *arg)
{
    s->ops->get(s, key, done, arg);
}

void store_take(struct store *s, const struct store_key *key, store_fn *done, void *arg)
{
    s->ops->take(s, key, done, arg);
}

void store_publish(struct store *s, const struct store_channel *channel, struct slice message,
                   store_fn *done, void *arg)
{
    s->ops->publish(s, channel, message, done, arg);
}

enum status store_subscribe(struct store *s, const struct store_channel *channel,
                            const struct store_subscriber *who, struct store_subscription **out)
{
    return s->ops->subscribe(s, channel, who, out);
}

void store_unsubscribe(struct store *s, struct store_subscription *subscription)
{
    s->ops->unsubscribe(s, subscription);
}

bool store_ready(const struct store *s)
{
    return s->ops->ready(s);
}

void store_free(struct store *s)
{
    if (s)
        s->ops->free(s);
}

struct store_key store_key_hashed(enum store_space space, struct slice name)
{
    struct store_key key = { .space = space };
    struct digest hash = crypto_sha256(name);

    memcpy(key.id, hash.bytes, sizeof key.id);
    return key;
}

struct store_channel store_channel_hashed(struct slice name)
{
    struct digest hash = crypto_sha256(name);
    struct store_channel channel;

    memcpy(channel.id, hash.bytes, sizeof channel.id);
    return channel;
}
