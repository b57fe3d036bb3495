#include "store_memory.h"

#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "memory_exchange.h"
#include "memory_shard.h"

const struct store_memory_limits STORE_MEMORY_DEFAULTS = {
    .records = 1000 * 1000,
    .value_bytes = 64 * 1024 * 1024,
};

struct store_memory {
    const struct clock *clock;
    struct memory_budget budget;
    struct memory_exchange exchange;
    struct memory_shard shards[MEMORY_SHARD_COUNT];
};

/* What an operation came to, until its callback has it. */
struct answer {
    struct answer *next;
    store_fn *done;
    void *arg;
    struct memory_value value;
    enum status st;
};

/* One loop's, so without a lock. */
struct handle {
    struct store store;
    struct store_memory *memory;
    struct event_base *base;
    struct memory_inbox *inbox; /* NULL until somebody subscribes */
    struct event *wake;
    struct answer *first, **last;
    struct answer *spares;
    unsigned spare_count;
};

enum {
    SPARES_MAX = 1024,
    SPARES_KEPT = 64 /* for when there is no memory */
};

/* --- the shared part --- */

enum status store_memory_new(const struct store_memory_limits *limits, const struct clock *clock,
                             struct store_memory **out)
{
    struct store_memory *m = calloc(1, sizeof *m);

    if (!m)
        return ST_NO_MEMORY;
    m->clock = clock;
    m->budget.max = *limits;
    crypto_random((uint8_t *)&m->budget.hash_seed, sizeof m->budget.hash_seed);
    m->budget.hash_seed |= 1;
    for (size_t i = 0; i < MEMORY_SHARD_COUNT; i++)
        memory_shard_init(&m->shards[i], &m->budget);
    memory_exchange_init(&m->exchange);
    *out = m;
    return ST_OK;
}

void store_memory_free(struct store_memory *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < MEMORY_SHARD_COUNT; i++)
        memory_shard_clear(&m->shards[i]);
    memory_exchange_clear(&m->exchange);
    free(m);
}

size_t store_memory_count(const struct store_memory *m)
{
    return atomic_load(&m->budget.records);
}

static void expire_everywhere(struct store_memory *m, uint64_t now)
{
    for (size_t i = 0; i < MEMORY_SHARD_COUNT; i++)
        memory_shard_expire(&m->shards[i], now);
}

/* --- answers --- */

static struct answer *take_spare(struct handle *h)
{
    struct answer *a = h->spares;

    if (a) {
        h->spares = a->next;
        h->spare_count--;
    }
    return a;
}

/* Without memory for so little, and with what was kept for that spent, nobody can be answered any
 * more: end, and be started anew. */
static struct answer *answer_new(struct handle *h)
{
    struct answer *a = h->spare_count > SPARES_KEPT ? take_spare(h) : malloc(sizeof *a);

    if (!a)
        a = take_spare(h);
    if (!a)
        abort();
    a->next = NULL;
    a->value.len = 0;
    return a;
}

static void answer_free(struct handle *h, struct answer *a)
{
    memory_value_clear(&a->value);
    if (h->spare_count == SPARES_MAX) {
        free(a);
        return;
    }
    a->next = h->spares;
    h->spares = a;
    h->spare_count++;
}

/* Answers that are queued while these are given wait for the next round. */
static void give_answers(evutil_socket_t fd, short what, void *arg)
{
    struct handle *h = arg;
    struct answer *a = h->first;

    (void)fd, (void)what;
    h->first = NULL;
    h->last = &h->first;
    while (a) {
        struct answer *next = a->next;
        a->done(a->arg, a->st, memory_value_slice(&a->value));
        answer_free(h, a);
        a = next;
    }
}

static void queue_answer(struct handle *h, struct answer *a)
{
    if (!h->first)
        event_active(h->wake, EV_TIMEOUT, 0);
    *h->last = a;
    h->last = &a->next;
}

/* --- operations --- */

static void run(struct store *store, memory_operation_fn *operation, const struct store_key *key,
                struct slice value, uint32_t ttl_ms, store_fn *done, void *arg)
{
    struct handle *h = (struct handle *)store;
    struct store_memory *m = h->memory;
    struct answer *a = answer_new(h);
    uint64_t hash = memory_hash(&m->budget, key->space, key->id);
    uint64_t now = clock_steady(m->clock);
    const struct memory_call call = { .key = key,
                                      .hash = hash,
                                      .value = value,
                                      .now = now,
                                      .expires_at = now + ttl_ms,
                                      .out = &a->value };
    struct memory_shard *shard = &m->shards[hash >> (64 - MEMORY_SHARD_BITS)];

    a->done = done;
    a->arg = arg;
    a->st = operation(shard, &call);
    if (a->st == ST_BUSY) {
        /* What has expired in other shards does not count as full. */
        expire_everywhere(m, now);
        a->st = operation(shard, &call);
    }
    queue_answer(h, a);
}

static void memory_create(struct store *s, const struct store_key *key, struct slice value,
                          uint32_t ttl_ms, store_fn *done, void *arg)
{
    run(s, memory_shard_create, key, value, ttl_ms, done, arg);
}

static void memory_put(struct store *s, const struct store_key *key, struct slice value,
                       uint32_t ttl_ms, store_fn *done, void *arg)
{
    run(s, memory_shard_put, key, value, ttl_ms, done, arg);
}

static void memory_get(struct store *s, const struct store_key *key, store_fn *done, void *arg)
{
    run(s, memory_shard_get, key, (struct slice){ NULL, 0 }, 0, done, arg);
}

static void memory_take(struct store *s, const struct store_key *key, store_fn *done, void *arg)
{
    run(s, memory_shard_take, key, (struct slice){ NULL, 0 }, 0, done, arg);
}

/* --- messages --- */

static void memory_publish(struct store *s, const struct store_channel *channel,
                           struct slice message, store_fn *done, void *arg)
{
    struct handle *h = (struct handle *)s;
    struct answer *a = answer_new(h);

    a->done = done;
    a->arg = arg;
    a->st = message.len > STORE_MESSAGE_MAX
                ? ST_TOO_LARGE
                : memory_exchange_publish(&h->memory->exchange, channel, message);
    queue_answer(h, a);
}

static enum status memory_subscribe(struct store *s, const struct store_channel *channel,
                                    const struct store_subscriber *who,
                                    struct store_subscription **out)
{
    struct handle *h = (struct handle *)s;
    enum status st = h->inbox ? ST_OK : memory_inbox_new(&h->memory->exchange, h->base, &h->inbox);

    return st ? st : memory_inbox_subscribe(h->inbox, channel, who, out);
}

static void memory_unsubscribe(struct store *s, struct store_subscription *subscription)
{
    memory_inbox_unsubscribe(((struct handle *)s)->inbox, subscription);
}

static bool memory_ready(const struct store *s)
{
    (void)s;
    return true;
}

static void memory_free(struct store *s)
{
    struct handle *h = (struct handle *)s;

    while (h->first)
        give_answers(-1, 0, h);
    while (h->spares) {
        struct answer *a = h->spares;
        h->spares = a->next;
        free(a);
    }
    memory_inbox_free(h->inbox);
    if (h->wake)
        event_free(h->wake);
    free(h);
}

static const struct store_ops memory_ops = {
    .create = memory_create,
    .put = memory_put,
    .get = memory_get,
    .take = memory_take,
    .publish = memory_publish,
    .subscribe = memory_subscribe,
    .unsubscribe = memory_unsubscribe,
    .ready = memory_ready,
    .free = memory_free,
};

static bool keep_spares(struct handle *h)
{
    while (h->spare_count < SPARES_KEPT) {
        struct answer *a = malloc(sizeof *a);
        if (!a)
            return false;
        a->next = h->spares;
        h->spares = a;
        h->spare_count++;
    }
    return true;
}

enum status store_memory_attach(struct store_memory *m, struct event_base *base, struct store **out)
{
    struct handle *h = calloc(1, sizeof *h);

    if (!h)
        return ST_NO_MEMORY;
    h->store.ops = &memory_ops;
    h->memory = m;
    h->base = base;
    h->last = &h->first;
    h->wake = event_new(base, -1, 0, give_answers, h);
    if (!h->wake || !keep_spares(h)) {
        memory_free(&h->store);
        return ST_NO_MEMORY;
    }
    *out = &h->store;
    return ST_OK;
}
