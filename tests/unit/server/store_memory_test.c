#include "store_memory.h"

#include <pthread.h>
#include <stdio.h>

#include "store_bench.h"

enum { TTL = 1000 };

/* A clock that goes when it is told to. */
struct hand {
    uint64_t now;
};

static uint64_t hand_steady(void *arg)
{
    return ((struct hand *)arg)->now;
}

static int64_t hand_wall(void *arg)
{
    return (int64_t)(((struct hand *)arg)->now / 1000);
}

struct fixture {
    struct bench bench;
    struct hand hand;
    struct clock clock;
    struct store_memory *memory;
};
static struct fixture f;

static void open_with(size_t records, size_t value_bytes)
{
    const struct store_memory_limits limits = { records, value_bytes };

    f.clock = (struct clock){ hand_wall, hand_steady, &f.hand };
    f.bench.base = event_base_new();
    cr_assert_eq(store_memory_new(&limits, &f.clock, &f.memory), ST_OK);
    cr_assert_eq(store_memory_attach(f.memory, f.bench.base, &f.bench.store), ST_OK);
}

static void close_all(void)
{
    store_free(f.bench.store);
    store_memory_free(f.memory);
    event_base_free(f.bench.base);
}

static struct store_key numbered(unsigned n)
{
    char name[16];

    snprintf(name, sizeof name, "%u", n);
    return key_named(STORE_CHALLENGE, name);
}

static enum status create(unsigned n, size_t len, uint32_t ttl_ms)
{
    static const uint8_t value[4096];

    return do_create(&f.bench, numbered(n), (struct slice){ value, len }, ttl_ms);
}

Test(store_memory, full_at_exactly_the_bound)
{
    static const size_t bounds[] = { 1, 2, 15, 16, 17, 1000 };

    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        open_with(bounds[i], 0);
        for (unsigned n = 0; n < bounds[i]; n++)
            cr_assert_eq(create(n, 68, TTL), ST_OK, "%u of %zu", n, bounds[i]);
        cr_assert_eq(create(100000, 0, TTL), ST_BUSY);
        cr_assert_eq(create(0, 0, TTL), ST_EXISTS);
        cr_assert_eq(do_put(&f.bench, numbered(0), SLICE_LIT("new"), TTL), ST_OK);
        cr_assert_eq(do_put(&f.bench, numbered(100000), SLICE_LIT("new"), TTL), ST_BUSY);
        cr_assert_eq(do_take(&f.bench, numbered(0)), ST_OK);
        cr_assert_eq(create(100000, 68, TTL), ST_OK);
        cr_assert_eq(store_memory_count(f.memory), bounds[i]);
        close_all();
    }
}

Test(store_memory, long_values_have_a_bound_of_their_own)
{
    open_with(10, 300);
    cr_assert_eq(create(0, 100, TTL), ST_OK);
    cr_assert_eq(create(1, 201, TTL), ST_BUSY);
    cr_assert_eq(create(1, 200, TTL), ST_OK);
    cr_assert_eq(create(2, STORE_MEMORY_INLINE + 1, TTL), ST_BUSY);
    cr_assert_eq(create(2, STORE_MEMORY_INLINE, TTL), ST_OK);
    /* What cannot be replaced is kept. */
    cr_assert_eq(do_put(&f.bench, numbered(2), (struct slice){ f.bench.last.value, 81 }, TTL),
                 ST_BUSY);
    cr_assert_eq(do_get(&f.bench, numbered(2)), ST_OK);
    cr_assert_eq(f.bench.last.len, STORE_MEMORY_INLINE);
    cr_assert_eq(do_take(&f.bench, numbered(1)), ST_OK);
    cr_assert_eq(f.bench.last.len, 200);
    cr_assert_eq(create(3, 200, TTL), ST_OK);
    close_all();
}

Test(store_memory, what_has_expired_never_counts_as_full)
{
    open_with(64, 6400);
    for (unsigned round = 0; round < 5; round++) {
        for (unsigned n = 0; n < 64; n++)
            cr_assert_eq(create(round * 64 + n, 100, 10 + n), ST_OK);
        cr_assert_eq(create(100000, 0, TTL), ST_BUSY);
        f.hand.now += 9;
        cr_assert_eq(create(100000, 0, TTL), ST_BUSY);
        f.hand.now += 1; /* the first is due, wherever it lies */
        cr_assert_eq(create(100000, 100, 1), ST_OK);
        f.hand.now += 100;
    }
    close_all();
}

/* Records of many lifetimes go each at its own time, in whatever order they came. */
Test(store_memory, each_expires_at_its_own_time)
{
    enum { COUNT = 2000, PRIME = 7919 };

    open_with(COUNT, 0);
    for (unsigned n = 0; n < COUNT; n++)
        cr_assert_eq(create(n, 8, 1 + n * PRIME % COUNT), ST_OK);
    for (unsigned n = 0; n < COUNT; n += 3) /* holes in the middle of the heap */
        cr_assert_eq(do_take(&f.bench, numbered(n)), ST_OK);
    for (f.hand.now = 0; f.hand.now <= COUNT; f.hand.now += 250)
        for (unsigned n = 0; n < COUNT; n++) {
            bool there = n % 3 && 1 + n * PRIME % COUNT > f.hand.now;
            cr_assert_eq(do_get(&f.bench, numbered(n)), there ? ST_OK : ST_NOT_FOUND);
        }
    cr_assert_eq(store_memory_count(f.memory), 0);
    close_all();
}

Test(store_memory, no_lifetime_is_no_record)
{
    open_with(4, 0);
    cr_assert_eq(create(0, 8, 0), ST_OK);
    cr_assert_eq(do_get(&f.bench, numbered(0)), ST_NOT_FOUND);
    close_all();
}

/* --- workers of one store --- */

enum { THREADS = 4, NAMES = 2000 };
static pthread_barrier_t barrier;

struct runner {
    unsigned created, taken;
};

static void *race(void *arg)
{
    struct runner *r = arg;
    static _Thread_local struct bench bench;

    bench.base = event_base_new();
    cr_assert_eq(store_memory_attach(f.memory, bench.base, &bench.store), ST_OK);
    pthread_barrier_wait(&barrier);
    for (unsigned n = 0; n < NAMES; n++)
        r->created += do_create(&bench, numbered(n), SLICE_LIT("x"), TTL) == ST_OK;
    pthread_barrier_wait(&barrier);
    for (unsigned n = 0; n < NAMES; n++)
        r->taken += do_take(&bench, numbered(n)) == ST_OK;
    store_free(bench.store);
    event_base_free(bench.base);
    return NULL;
}

Test(store_memory, once_is_once_among_threads)
{
    struct runner runners[THREADS] = { { 0, 0 } };
    pthread_t threads[THREADS];
    unsigned created = 0, taken = 0;

    open_with(NAMES, 0);
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, race, &runners[i]);
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        created += runners[i].created;
        taken += runners[i].taken;
    }
    cr_assert_eq(created, NAMES);
    cr_assert_eq(taken, NAMES);
    cr_assert_eq(store_memory_count(f.memory), 0);
    close_all();
}
