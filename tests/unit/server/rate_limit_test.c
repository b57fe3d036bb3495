#include "rate_limit.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

/* A clock that goes when it is told to. */
static _Atomic uint64_t now_ms;

static uint64_t hand_steady(void *arg)
{
    (void)arg;
    return now_ms;
}

static int64_t hand_wall(void *arg)
{
    (void)arg;
    return 0;
}

static const struct clock hand = { hand_wall, hand_steady, NULL };
static struct rate_limit *r;

static struct rate_settings settings(uint32_t per_second, uint32_t burst, uint32_t entries)
{
    return (struct rate_settings){
        .rates = { [RATE_ADDRESS] = { per_second, burst }, [RATE_CLIENT] = { per_second, burst } },
        .ipv6_prefix = 64,
        .entries = entries
    };
}

static void open_with(uint32_t per_second, uint32_t burst, uint32_t entries)
{
    const struct rate_settings s = settings(per_second, burst, entries);

    now_ms = 1000000;
    cr_assert_eq(rate_limit_new(&s, &hand, &r), ST_OK);
}

static void close_it(void)
{
    rate_limit_free(r);
}

TestSuite(rate_limit, .fini = close_it);

static uint32_t ask(const char *name)
{
    return rate_limit_take(r, RATE_CLIENT, slice_of(name));
}

static uint32_t from(const char *address)
{
    return rate_limit_take_address(r, slice_of(address));
}

/* How many of so many tries pass now. */
static unsigned passing(const char *name, unsigned tries)
{
    unsigned n = 0;

    while (tries--)
        n += ask(name) == 0;
    return n;
}

Test(rate_limit, a_burst_and_no_more)
{
    open_with(10, 5, 1024);
    cr_assert_eq(passing("a", 100), 5);
    cr_assert_eq(ask("a"), 100, "one comes every 100 ms");
    now_ms += 99;
    cr_assert_eq(ask("a"), 1);
    now_ms += 1;
    cr_assert_eq(ask("a"), 0);
    cr_assert_eq(ask("a"), 100, "what was refused has cost nothing, what passed has");
}

Test(rate_limit, a_pause_fills_the_bucket_and_no_more)
{
    open_with(10, 5, 1024);
    cr_assert_eq(passing("a", 100), 5);
    now_ms += 300;
    cr_assert_eq(passing("a", 100), 3);
    now_ms += 3600 * 1000;
    cr_assert_eq(passing("a", 100), 5);
}

Test(rate_limit, the_rate_holds_in_the_long_run)
{
    unsigned passed = 0;

    open_with(7, 3, 1024);
    for (int i = 0; i < 60000; i++, now_ms++)
        passed += ask("a") == 0;
    cr_assert_geq(passed, 60 * 7);
    cr_assert_leq(passed, 60 * 7 + 3);
}

Test(rate_limit, each_has_its_own_bucket)
{
    open_with(1, 1, 1024);
    cr_assert_eq(ask("a"), 0);
    cr_assert_neq(ask("a"), 0);
    cr_assert_eq(ask("b"), 0);
    cr_assert_eq(ask(""), 0);
    cr_assert_neq(ask(""), 0, "those without a name share one");
    cr_assert_eq(rate_limit_take(r, RATE_ADDRESS, slice_of("a")), 0, "kinds are apart");
}

Test(rate_limit, nothing_set_limits_nothing)
{
    open_with(0, 1, 1024);
    cr_assert_eq(passing("a", 100000), 100000);
}

Test(rate_limit, addresses)
{
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        { "192.0.2.1", "192.0.2.1", true },
        { "192.0.2.1", "192.0.2.2", false },
        { "2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", true },
        { "2001:db8:0:1::1", "2001:db8:0:2::1", false },
        { "::ffff:192.0.2.1", "192.0.2.1", false }, /* peer_text writes neither such */
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        open_with(1, 1, 1024);
        cr_expect_eq(from(cases[i].a), 0);
        cr_expect_eq(from(cases[i].b) != 0, cases[i].same, "%s %s", cases[i].a, cases[i].b);
        rate_limit_free(r);
    }
    open_with(1, 1, 1024);
    for (int i = 0; i < 10; i++) {
        cr_expect_eq(from("unix"), 0);
        cr_expect_eq(from(""), 0);
        cr_expect_eq(from("2001:db8:0:1:ffff:ffff:ffff:ffff%eth0:2001:db8:0:1:ffff"), 0);
    }
}

Test(rate_limit, the_prefix_is_a_setting)
{
    struct rate_settings s = settings(1, 1, 1024);

    for (unsigned bits = 1; bits <= 128; bits++) {
        char other[64] = "", one[] = "0000:0000:0000:0000:0000:0000:0000:0000";
        unsigned digit = (bits - 1) / 4, at = digit + digit / 4;
        snprintf(other, sizeof other, "%s", one);
        other[at] = (char)('0' + (8 >> (bits - 1) % 4)); /* bit number `bits` is another */
        s.ipv6_prefix = bits;
        cr_assert_eq(rate_limit_new(&s, &hand, &r), ST_OK);
        cr_expect_eq(from(one), 0);
        cr_expect_eq(from(other), 0, "prefix %u sees its last bit", bits);
        rate_limit_free(r);
        s.ipv6_prefix = bits - 1 ? bits - 1 : 1;
        cr_assert_eq(rate_limit_new(&s, &hand, &r), ST_OK);
        cr_expect_eq(from(one), 0);
        cr_expect_eq(from(other) == 0, bits == 1, "prefix %u does not see the next", bits - 1);
        rate_limit_free(r);
    }
    open_with(1, 1, 8);
}

/* More callers than entries: some fresh one is forgotten, but not who is over the limit. */
Test(rate_limit, many_names_do_not_free_the_one_that_is_limited)
{
    unsigned wrong = 0;
    char name[16];

    open_with(1, 10, 64);
    cr_assert_eq(passing("greedy", 100), 10);
    for (int i = 0; i < 100000; i++) {
        snprintf(name, sizeof name, "%d", i);
        wrong += ask(name) != 0;
    }
    cr_assert_eq(wrong, 0, "each of them is new and served");
    cr_assert_neq(ask("greedy"), 0);
}

Test(rate_limit, a_table_of_one_set)
{
    char name[2] = "";

    open_with(1, 1, 1);
    for (name[0] = 'a'; name[0] < 'a' + 8; name[0]++)
        cr_assert_eq(ask(name), 0);
    for (name[0] = 'a'; name[0] < 'a' + 8; name[0]++)
        cr_assert_neq(ask(name), 0, "eight find room");
    cr_assert_eq(ask("x"), 0, "the ninth takes somebody's place");
}

Test(rate_limit, rates_change_while_it_runs)
{
    struct rate_settings s = settings(100, 10, 1024);

    open_with(1, 10, 1024);
    cr_assert_eq(passing("a", 100), 10);
    cr_assert_eq(ask("a"), 1000);
    rate_limit_change(r, &s);
    cr_assert_eq(ask("a"), 10, "ten seconds of waiting at the old rate are forgiven");
    now_ms += 10;
    cr_assert_eq(ask("a"), 0);
    s = settings(1, 1, 1024);
    rate_limit_change(r, &s);
    cr_assert_neq(ask("a"), 0);
    s = settings(0, 1, 1024);
    rate_limit_change(r, &s);
    cr_assert_eq(passing("a", 1000), 1000);
}

Test(rate_limit, the_log_is_told_once_a_second)
{
    uint64_t held_back = 99;

    open_with(1, 1, 1024);
    cr_assert(rate_limit_may_log(r, &held_back));
    cr_assert_eq(held_back, 0);
    for (int i = 0; i < 5; i++)
        cr_assert_not(rate_limit_may_log(r, &held_back));
    now_ms += 999;
    cr_assert_not(rate_limit_may_log(r, &held_back));
    now_ms += 1;
    cr_assert(rate_limit_may_log(r, &held_back));
    cr_assert_eq(held_back, 6);
}

enum { THREADS = 4, TRIES = 50000 };

static void *hammer(void *arg)
{
    uintptr_t passed = 0;

    (void)arg;
    for (int i = 0; i < TRIES; i++)
        passed += ask("shared") == 0;
    return (void *)passed;
}

Test(rate_limit, threads_share_one_bucket)
{
    pthread_t threads[THREADS];
    uintptr_t passed = 0;
    void *one;

    open_with(1000, 12345, 1024);
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, hammer, NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &one);
        passed += (uintptr_t)one;
    }
    cr_assert_eq(passed, 12345);
}
