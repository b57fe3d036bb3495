#include "store_metered.h"

#include <stdlib.h>

#include "daemon_metrics.h"

/* On its way through the inner store. Kept for the next one when it is back. */
struct metered_call {
    struct metered *metered;
    struct metered_call *next;
    enum store_call kind;
    enum store_space space;
    uint64_t began_us;
    store_fn *done;
    void *arg;
};

struct metered {
    struct store store; /* must be first */
    struct store *inner;
    struct meter *meter;
    struct metered_call *spares;
};

static void ended(void *arg, enum status st, struct slice value)
{
    struct metered_call *call = arg;
    store_fn *done = call->done;
    void *done_arg = call->arg;

    meter_store_call(call->metered->meter, call->kind, call->space, st,
                     clock_micros() - call->began_us);
    call->next = call->metered->spares;
    call->metered->spares = call;
    done(done_arg, st, value);
}

/* The calls of one loop that are under way at once have been seldom more. */
enum { SPARES_FIRST = 64 };

/* Without memory for so little the process ends, as in the stores themselves. */
static struct metered_call *begin(struct store *s, enum store_call kind,
                                  const struct store_key *key, store_fn *done, void *arg)
{
    struct metered *m = (struct metered *)s;
    struct metered_call *call = m->spares;

    if (call)
        m->spares = call->next;
    else
        call = malloc(sizeof *call);
    if (!call)
        abort();
    *call = (struct metered_call){ .metered = m,
                                   .kind = kind,
                                   .space = key->space,
                                   .began_us = clock_micros(),
                                   .done = done,
                                   .arg = arg };
    return call;
}

static void metered_create(struct store *s, const struct store_key *key, struct slice value,
                           uint32_t ttl_ms, store_fn *done, void *arg)
{
    struct metered_call *call = begin(s, STORE_CREATE, key, done, arg);

    store_create(call->metered->inner, key, value, ttl_ms, ended, call);
}

static void metered_put(struct store *s, const struct store_key *key, struct slice value,
                        uint32_t ttl_ms, store_fn *done, void *arg)
{
    struct metered_call *call = begin(s, STORE_PUT, key, done, arg);

    store_put(call->metered->inner, key, value, ttl_ms, ended, call);
}

static void metered_get(struct store *s, const struct store_key *key, store_fn *done, void *arg)
{
    struct metered_call *call = begin(s, STORE_GET, key, done, arg);

    store_get(call->metered->inner, key, ended, call);
}

static void metered_take(struct store *s, const struct store_key *key, store_fn *done, void *arg)
{
    struct metered_call *call = begin(s, STORE_TAKE, key, done, arg);

    store_take(call->metered->inner, key, ended, call);
}

/* Messages are no records: they have no space to be counted by. */
static void metered_publish(struct store *s, const struct store_channel *channel,
                            struct slice message, store_fn *done, void *arg)
{
    store_publish(((struct metered *)s)->inner, channel, message, done, arg);
}

static enum status metered_subscribe(struct store *s, const struct store_channel *channel,
                                     const struct store_subscriber *who,
                                     struct store_subscription **out)
{
    return store_subscribe(((struct metered *)s)->inner, channel, who, out);
}

static void metered_unsubscribe(struct store *s, struct store_subscription *subscription)
{
    store_unsubscribe(((struct metered *)s)->inner, subscription);
}

static bool metered_ready(const struct store *s)
{
    return store_ready(((const struct metered *)s)->inner);
}

static void metered_free(struct store *s)
{
    struct metered *m = (struct metered *)s;

    store_free(m->inner); /* which ends the calls that are under way */
    while (m->spares) {
        struct metered_call *call = m->spares;
        m->spares = call->next;
        free(call);
    }
    free(m);
}

static const struct store_ops metered_ops = {
    .create = metered_create,
    .put = metered_put,
    .get = metered_get,
    .take = metered_take,
    .publish = metered_publish,
    .subscribe = metered_subscribe,
    .unsubscribe = metered_unsubscribe,
    .ready = metered_ready,
    .free = metered_free,
};

static bool add_spares(struct metered *m)
{
    for (int i = 0; i < SPARES_FIRST; i++) {
        struct metered_call *call = malloc(sizeof *call);
        if (!call)
            return false;
        call->next = m->spares;
        m->spares = call;
    }
    return true;
}

enum status store_metered_new(struct store *inner, struct meter *meter, struct store **out)
{
    struct metered *m = calloc(1, sizeof *m);

    if (!m) {
        store_free(inner);
        return ST_NO_MEMORY;
    }
    m->store.ops = &metered_ops;
    m->inner = inner;
    m->meter = meter;
    if (!add_spares(m)) {
        metered_free(&m->store);
        return ST_NO_MEMORY;
    }
    *out = &m->store;
    return ST_OK;
}
