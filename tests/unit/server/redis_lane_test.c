#include "redis_lane.h"

#include "redis_fixture.h"

/* Durable lanes, as the store uses them: what replicas have to do with it. */

static struct fixture f;
enum { PATIENCE = 20000, REPLICA_MS = 1000 };

static void open_replicated(size_t there, uint32_t wanted)
{
    fixture_init(&f);
    group_replicate(&f.group, there);
    f.settings.replicas = wanted;
    f.settings.replica_timeout_ms = REPLICA_MS;
    fixture_open(&f);
}

Test(redis_lane, fewer_replicas_than_wanted_are_not_ready)
{
    open_replicated(1, 2);
    cr_assert_not(fixture_becomes(&f, true, 1500));
    cr_assert_eq(do_take(&f.bench, fixture_key(1)), ST_UNAVAILABLE);
    fixture_close(&f);
}

Test(redis_lane, as_many_replicas_as_wanted_are_ready)
{
    open_replicated(1, 1);
    cr_assert(fixture_becomes(&f, true, PATIENCE));
    cr_assert_eq(do_create(&f.bench, fixture_key(1), SLICE_LIT("one"), TTL), ST_OK);
    cr_assert_eq(do_take(&f.bench, fixture_key(1)), ST_OK);
    cr_assert(last_is(&f.bench, SLICE_LIT("one")));
    cr_assert_eq(do_take(&f.bench, fixture_key(1)), ST_NOT_FOUND);
    fixture_close(&f);
}

/* A replica that is silent: the first take is refused, and burnt, unless a heartbeat has found the
 * silence out before; those behind it are refused at once and burn nothing. */
Test(redis_lane, a_silent_replica_is_a_refusal)
{
    open_replicated(1, 1);
    cr_assert(fixture_becomes(&f, true, PATIENCE));
    for (unsigned i = 0; i < 4; i++)
        cr_assert_eq(do_create(&f.bench, fixture_key(i), SLICE_LIT("x"), TTL), ST_OK);
    kill(f.group.nodes[1].pid, SIGSTOP);
    enum status first = do_take(&f.bench, fixture_key(0));
    cr_assert(first == ST_LOST || first == ST_UNAVAILABLE);
    cr_assert_not(store_ready(f.bench.store));
    cr_assert_eq(do_take(&f.bench, fixture_key(1)), ST_UNAVAILABLE);
    cr_assert_eq(do_mark(&f.bench, key_named(STORE_SPENT, "a"), TTL), ST_UNAVAILABLE);
    cr_assert_eq(do_put(&f.bench, key_named(STORE_BINDING, "a"), SLICE_LIT("x"), TTL),
                 ST_UNAVAILABLE);
    /* These change nothing that must not be forgotten. */
    cr_assert_eq(do_get(&f.bench, fixture_key(1)), ST_OK);
    cr_assert_eq(do_create(&f.bench, fixture_key(9), SLICE_LIT("x"), TTL), ST_OK);

    kill(f.group.nodes[1].pid, SIGCONT);
    cr_assert(fixture_becomes(&f, true, PATIENCE));
    cr_assert_eq(do_take(&f.bench, fixture_key(0)), first == ST_LOST ? ST_NOT_FOUND : ST_OK);
    cr_assert_eq(do_take(&f.bench, fixture_key(1)), ST_OK);
    cr_assert_eq(do_mark(&f.bench, key_named(STORE_SPENT, "a"), TTL), ST_OK);
    fixture_close(&f);
}

Test(redis_lane, commands_that_waited_with_one_that_failed)
{
    enum { COUNT = 8 };
    static struct outcome takes[COUNT];
    unsigned lost = 0, unavailable = 0;

    open_replicated(1, 1);
    cr_assert(fixture_becomes(&f, true, PATIENCE));
    for (unsigned i = 0; i < COUNT; i++)
        cr_assert_eq(do_create(&f.bench, fixture_key(i), SLICE_LIT("x"), TTL), ST_OK);
    kill(f.group.nodes[1].pid, SIGSTOP);
    for (unsigned i = 0; i < COUNT; i++) {
        const struct store_key key = fixture_key(i);
        store_take(f.bench.store, &key, record, &takes[i]);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        enum status st = await(f.bench.base, &takes[i]);
        lost += st == ST_LOST;
        unavailable += st == ST_UNAVAILABLE;
    }
    /* One went at once, the others after the WAIT that it began; or all after a heartbeat's. */
    cr_assert_leq(lost, 1);
    cr_assert_eq(unavailable, COUNT - lost);
    kill(f.group.nodes[1].pid, SIGCONT);
    cr_assert(fixture_becomes(&f, true, PATIENCE));
    for (unsigned i = 1; i < COUNT; i++)
        cr_assert_eq(do_take(&f.bench, fixture_key(i)), ST_OK);
    fixture_close(&f);
}

static unsigned waits_so_far(void)
{
    redisReply *stats = group_ask(&f.group.nodes[0], "INFO commandstats");

    cr_assert_not_null(stats);
    const char *line = strstr(stats->str, "cmdstat_wait:calls=");
    cr_assert_not_null(line);
    unsigned waits = (unsigned)atoi(line + strlen("cmdstat_wait:calls="));
    freeReplyObject(stats);
    return waits;
}

/* One WAIT for many: as many commands as are there when the one before has ended. */
Test(redis_lane, many_share_one_wait)
{
    enum { COUNT = 500 };
    static struct outcome takes[COUNT];

    open_replicated(1, 1);
    cr_assert(fixture_becomes(&f, true, PATIENCE));
    for (unsigned i = 0; i < COUNT; i++)
        cr_assert_eq(do_create(&f.bench, fixture_key(i), SLICE_LIT("x"), TTL), ST_OK);
    unsigned before = waits_so_far();
    for (unsigned i = 0; i < COUNT; i++) {
        const struct store_key key = fixture_key(i);
        store_take(f.bench.store, &key, record, &takes[i]);
    }
    for (unsigned i = 0; i < COUNT; i++)
        cr_assert_eq(await(f.bench.base, &takes[i]), ST_OK);
    cr_assert_leq(waits_so_far() - before, COUNT / 10);
    fixture_close(&f);
}

Test(redis_lane, a_replica_that_is_killed_and_comes_back)
{
    const char *const extra[] = { "--replicaof", "127.0.0.1", f.group.nodes[0].port, NULL };

    open_replicated(1, 1);
    cr_assert(fixture_becomes(&f, true, PATIENCE));
    cr_assert_eq(do_create(&f.bench, fixture_key(1), SLICE_LIT("x"), TTL), ST_OK);
    redis_end(&f.group.nodes[1], SIGKILL);
    enum status st = do_take(&f.bench, fixture_key(1));
    cr_assert(st == ST_LOST, "%s", status_name(st));
    redis_run(&f.group.nodes[1], extra);
    cr_assert(fixture_becomes(&f, true, PATIENCE));
    cr_assert_eq(do_take(&f.bench, fixture_key(1)), ST_NOT_FOUND);
    fixture_close(&f);
}

Test(redis_lane, freed_while_replicas_are_waited_for)
{
    static struct outcome takes[2];
    const struct store_key one = fixture_key(1), two = fixture_key(2);

    open_replicated(1, 1);
    cr_assert(fixture_becomes(&f, true, PATIENCE));
    cr_assert_eq(do_create(&f.bench, one, SLICE_LIT("x"), TTL), ST_OK);
    kill(f.group.nodes[1].pid, SIGSTOP);
    store_take(f.bench.store, &one, record, &takes[0]);
    store_take(f.bench.store, &two, record, &takes[1]);
    turn(f.bench.base, 50);
    store_free(f.bench.store);
    f.bench.store = NULL;
    cr_assert_eq(takes[0].times, 1);
    cr_assert_eq(takes[0].st, ST_LOST);
    cr_assert_eq(takes[1].times, 1);
    cr_assert_eq(takes[1].st, ST_UNAVAILABLE);
    kill(f.group.nodes[1].pid, SIGCONT);
    fixture_close(&f);
}
