#include "store_metered.h"

#include "daemon_metrics.h"
#include "samples.h"
#include "store_bench.h"
#include "store_memory.h"

/* That it is a store like any other is in store_test.c. */
static struct bench b;
static struct store_memory *memory;
static struct daemon_metrics *d;

static void setup(void)
{
    const struct daemon_metrics_options options = { .threads = 1 };
    const struct store_memory_limits limits = { .records = 2, .value_bytes = 1 << 16 };
    struct store *inner;

    b.base = event_base_new();
    cr_assert_eq(daemon_metrics_new(&options, &d), ST_OK);
    cr_assert_eq(store_memory_new(&limits, &SYSTEM_CLOCK, &memory), ST_OK);
    cr_assert_eq(store_memory_attach(memory, b.base, &inner), ST_OK);
    cr_assert_eq(store_metered_new(inner, metrics_meter(daemon_metrics_of(d), 0), &b.store), ST_OK);
}

static void teardown(void)
{
    store_free(b.store);
    store_memory_free(memory);
    daemon_metrics_free(d);
    event_base_free(b.base);
}

TestSuite(store_metered, .init = setup, .fini = teardown);

static double calls(const char *call, const char *space, const char *outcome)
{
    char series[160];

    snprintf(series, sizeof series,
             "vouchsafe_store_calls_total{call=\"%s\",space=\"%s\",outcome=\"%s\"}", call, space,
             outcome);
    return sample(daemon_metrics_of(d), series);
}

Test(store_metered, calls_by_what_became_of_them)
{
    struct store_key key = key_named(STORE_CHALLENGE, "a");

    cr_assert_eq(do_create(&b, key, SLICE_LIT("one"), 1000), ST_OK);
    cr_assert_eq(do_create(&b, key, SLICE_LIT("one"), 1000), ST_EXISTS);
    cr_assert_eq(do_get(&b, key), ST_OK);
    cr_assert_eq(do_take(&b, key), ST_OK);
    cr_assert_eq(do_take(&b, key), ST_NOT_FOUND);
    cr_assert_eq(do_mark(&b, key_named(STORE_SPENT, "b"), 1000), ST_OK);
    cr_assert_eq(do_put(&b, key_named(STORE_BINDING, "c"), SLICE_LIT("x"), 1000), ST_OK);
    cr_assert_eq(do_put(&b, key_named(STORE_BINDING, "d"), SLICE_LIT("x"), 1000), ST_BUSY);
    cr_assert_eq(calls("create", "challenge", "ok"), 1);
    cr_assert_eq(calls("create", "challenge", "exists"), 1);
    cr_assert_eq(calls("get", "challenge", "ok"), 1);
    cr_assert_eq(calls("take", "challenge", "ok"), 1);
    cr_assert_eq(calls("take", "challenge", "not_found"), 1);
    cr_assert_eq(calls("create", "spent", "ok"), 1);
    cr_assert_eq(calls("put", "binding", "ok"), 1);
    cr_assert_eq(calls("put", "binding", "busy"), 1);
    cr_assert_eq(sample(daemon_metrics_of(d), "vouchsafe_store_seconds_count{call=\"take\"}"), 2);
}

Test(store_metered, many_at_once_and_calls_that_the_end_cuts_short)
{
    static struct outcome outcomes[200];
    struct store_key key = key_named(STORE_CHALLENGE, "none");

    for (int i = 0; i < 100; i++)
        store_get(b.store, &key, record, &outcomes[i]);
    turn(b.base, 20);
    for (int i = 100; i < 200; i++)
        store_get(b.store, &key, record, &outcomes[i]);
    store_free(b.store);
    b.store = NULL;
    for (int i = 0; i < 200; i++)
        cr_assert_eq(outcomes[i].times, 1, "%d", i);
    cr_assert_eq(sample(daemon_metrics_of(d), "vouchsafe_store_seconds_count{call=\"get\"}"), 200);
}
