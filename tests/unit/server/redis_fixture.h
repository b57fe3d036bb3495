/* redis_fixture: a store over a group of Redis servers, for tests of what happens
 * to them. */
#pragma once
#include "redis_group.h"
#include "store_bench.h"
#include "store_redis.h"

enum { TTL = 60 * 1000 };

struct fixture {
    struct bench bench;
    struct log *log;
    struct redis_group group;
    struct store_redis_settings settings;
};

static inline void fixture_init(struct fixture *f)
{
    signal(SIGPIPE, SIG_IGN); /* as the daemons do */
    f->bench.base = event_base_new();
    f->settings = STORE_REDIS_DEFAULTS;
    f->settings.backoff_max_ms = 200;
    f->settings.connect_timeout_ms = 500;
    f->settings.watch_ms = 50;
    f->settings.command_timeout_ms = 5000;
    f->settings.replica_timeout_ms = 3000;
    cr_assert_eq(log_new("/dev/null", LOG_DEBUG, &f->log), ST_OK);
}

static inline void fixture_open(struct fixture *f)
{
    const char *why = "";

    if (f->settings.url == STORE_REDIS_DEFAULTS.url)
        f->settings.url = f->group.url;
    cr_assert_eq(store_redis_open(&f->settings, f->bench.base, f->log, &f->bench.store, &why),
                 ST_OK, "%s", why);
}

static inline void fixture_close(struct fixture *f)
{
    store_free(f->bench.store);
    log_free(f->log);
    group_clear(&f->group);
    event_base_free(f->bench.base);
}

static inline bool fixture_becomes(struct fixture *f, bool ready, uint32_t patience_ms)
{
    for (uint32_t ms = 0; ms < patience_ms && store_ready(f->bench.store) != ready; ms += 5)
        turn(f->bench.base, 5);
    return store_ready(f->bench.store) == ready;
}

static inline struct store_key fixture_key(unsigned n)
{
    char name[16];

    snprintf(name, sizeof name, "%u", n);
    return key_named(STORE_CHALLENGE, name);
}
