/* store_bench: what tests of stores share: a loop, a store on it, outcomes. */
#pragma once
#include <criterion/criterion.h>
#include <string.h>

#include "store.h"

enum { BENCH_VALUE_MAX = 65536, BENCH_PATIENCE_MS = 5000 };

struct outcome {
    unsigned times;
    enum status st;
    size_t len;
    uint8_t value[BENCH_VALUE_MAX];
};

static inline void record(void *arg, enum status st, struct slice value)
{
    struct outcome *o = arg;

    o->times++;
    o->st = st;
    o->len = value.len;
    if (value.len)
        memcpy(o->value, value.data, value.len);
}

static inline void turn(struct event_base *base, uint32_t ms)
{
    const struct timeval limit = { .tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000 };

    event_base_loopexit(base, &limit);
    event_base_dispatch(base);
}

static inline enum status await(struct event_base *base, struct outcome *o)
{
    uint64_t start = clock_steady(&SYSTEM_CLOCK);

    event_base_loop(base, EVLOOP_NONBLOCK);
    while (!o->times && clock_steady(&SYSTEM_CLOCK) - start < BENCH_PATIENCE_MS)
        turn(base, 1);
    cr_assert_eq(o->times, 1, "fired %u times", o->times);
    return o->st;
}

static inline struct store_key key_named(enum store_space space, const char *name)
{
    return store_key_hashed(space, slice_of(name));
}

/* Each does one call and waits for it; the outcome is the last one's. */
struct bench {
    struct event_base *base;
    struct store *store;
    struct outcome last;
};

static inline enum status finish(struct bench *b)
{
    cr_assert_eq(b->last.times, 0, "answered before the call returned");
    return await(b->base, &b->last);
}

static inline enum status do_create(struct bench *b, struct store_key key, struct slice value,
                                    uint32_t ttl_ms)
{
    b->last.times = 0;
    store_create(b->store, &key, value, ttl_ms, record, &b->last);
    return finish(b);
}

static inline enum status do_mark(struct bench *b, struct store_key key, uint32_t ttl_ms)
{
    b->last.times = 0;
    store_mark(b->store, &key, ttl_ms, record, &b->last);
    return finish(b);
}

static inline enum status do_put(struct bench *b, struct store_key key, struct slice value,
                                 uint32_t ttl_ms)
{
    b->last.times = 0;
    store_put(b->store, &key, value, ttl_ms, record, &b->last);
    return finish(b);
}

static inline enum status do_get(struct bench *b, struct store_key key)
{
    b->last.times = 0;
    store_get(b->store, &key, record, &b->last);
    return finish(b);
}

static inline enum status do_take(struct bench *b, struct store_key key)
{
    b->last.times = 0;
    store_take(b->store, &key, record, &b->last);
    return finish(b);
}

static inline bool last_is(const struct bench *b, struct slice value)
{
    return slice_equal((struct slice){ b->last.value, b->last.len }, value);
}
