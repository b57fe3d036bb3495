#include "redis_sentinel.h"

#include <sys/stat.h>

#include "redis_fixture.h"

static struct fixture f;
enum { PATIENCE = 30000 };

/* nodes: the master, its replica, the sentinels */
static void open_watched(size_t sentinels)
{
    fixture_init(&f);
    group_replicate(&f.group, 1);
    group_watch(&f.group, sentinels);
}

Test(redis_sentinel, a_name_that_they_do_not_know)
{
    static char url[128];

    open_watched(1);
    snprintf(url, sizeof url, "redis+sentinel://127.0.0.1:%s/another", f.group.nodes[2].port);
    f.settings.url = url;
    fixture_open(&f);
    cr_assert_not(fixture_becomes(&f, true, 800));
    cr_assert_eq(do_take(&f.bench, fixture_key(1)), ST_UNAVAILABLE);
    fixture_close(&f);
}

/* A Redis that is no sentinel is not asked. */
Test(redis_sentinel, who_is_none)
{
    static char url[128];

    open_watched(1);
    snprintf(url, sizeof url, "redis+sentinel://127.0.0.1:%s/" GROUP_NAME, f.group.nodes[0].port);
    f.settings.url = url;
    fixture_open(&f);
    cr_assert_not(fixture_becomes(&f, true, 800));
    fixture_close(&f);
}

/* Dead, silent, and ignorant: the one behind them is asked. */
Test(redis_sentinel, the_next_one_is_asked)
{
    static char url[256];

    open_watched(3);
    redis_end(&f.group.nodes[2], SIGKILL);
    kill(f.group.nodes[3].pid, SIGSTOP);
    snprintf(url, sizeof url,
             "redis+sentinel://127.0.0.1:%s,127.0.0.1:%s,127.0.0.1:%s,127.0.0.1:%s/" GROUP_NAME,
             f.group.nodes[2].port, f.group.nodes[3].port, f.group.nodes[0].port,
             f.group.nodes[4].port);
    f.settings.url = url;
    fixture_open(&f);
    cr_assert(fixture_becomes(&f, true, PATIENCE));
    cr_assert_eq(do_create(&f.bench, fixture_key(1), SLICE_LIT("x"), TTL), ST_OK);
    kill(f.group.nodes[3].pid, SIGCONT);
    fixture_close(&f);
}

Test(redis_sentinel, with_a_password_of_their_own)
{
    static char url[128], path[128];

    fixture_init(&f);
    group_replicate(&f.group, 1);
    const struct redis_child *sentinel = group_add_sentinel(&f.group, "requirepass keeper");
    snprintf(url, sizeof url, "redis+sentinel://127.0.0.1:%s/" GROUP_NAME, sentinel->port);
    f.settings.url = url;
    fixture_open(&f);
    cr_assert_not(fixture_becomes(&f, true, 800));
    store_free(f.bench.store);

    snprintf(path, sizeof path, "%s/password", sentinel->folder);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs("keeper\n", file);
    fclose(file);
    cr_assert_eq(chmod(path, 0600), 0);
    f.settings.sentinel_password_file = path;
    fixture_open(&f);
    cr_assert(fixture_becomes(&f, true, PATIENCE));
    fixture_close(&f);
}

static bool is_master(const struct redis_child *r)
{
    return group_says(r, "role:master", "INFO replication");
}

/* The master dies: its replica is found, with what was there. */
Test(redis_sentinel, the_master_is_killed)
{
    open_watched(1);
    f.settings.replicas = 1;
    fixture_open(&f);
    cr_assert(fixture_becomes(&f, true, PATIENCE));
    cr_assert_eq(do_create(&f.bench, fixture_key(1), SLICE_LIT("1"), TTL), ST_OK);
    cr_assert_eq(do_create(&f.bench, fixture_key(2), SLICE_LIT("2"), TTL), ST_OK);
    cr_assert_eq(do_take(&f.bench, fixture_key(1)), ST_OK);
    cr_assert_eq(do_mark(&f.bench, key_named(STORE_SPENT, "a"), TTL), ST_OK);
    redis_end(&f.group.nodes[0], SIGKILL);
    cr_assert(fixture_becomes(&f, false, PATIENCE));
    GROUP_AWAIT(is_master(&f.group.nodes[1]));
    /* It has no replica now, until what was the master is back and is one. */
    cr_assert_not(fixture_becomes(&f, true, 500));
    redis_run(&f.group.nodes[0], NULL);
    cr_assert(fixture_becomes(&f, true, PATIENCE));
    cr_assert_eq(do_take(&f.bench, fixture_key(1)), ST_NOT_FOUND);
    cr_assert_eq(do_mark(&f.bench, key_named(STORE_SPENT, "a"), TTL), ST_EXISTS);
    cr_assert_eq(do_take(&f.bench, fixture_key(2)), ST_OK);
    fixture_close(&f);
}

/* The master lives on, but is none any more: it is left at once, and messages
 * are heard at the new one. */
static void count(void *arg)
{
    ++*(unsigned *)arg;
}

static void ignore(void *arg, struct slice message)
{
    (void)arg, (void)message;
}

Test(redis_sentinel, the_master_is_replaced)
{
    const struct store_channel channel = store_channel_hashed(SLICE_LIT("c"));
    unsigned listening = 0;
    const struct store_subscriber who = { count, ignore, &listening };
    struct store_subscription *subscription;

    open_watched(1);
    fixture_open(&f);
    cr_assert(fixture_becomes(&f, true, PATIENCE));
    cr_assert_eq(do_create(&f.bench, fixture_key(1), SLICE_LIT("1"), TTL), ST_OK);
    cr_assert_eq(store_subscribe(f.bench.store, &channel, &who, &subscription), ST_OK);
    for (int i = 0; i < 1000 && listening < 1; i++)
        turn(f.bench.base, 10);
    GROUP_AWAIT(group_says(&f.group.nodes[2], "", "SENTINEL FAILOVER " GROUP_NAME));
    for (int i = 0; i < PATIENCE / 10 && listening < 2; i++)
        turn(f.bench.base, 10);
    cr_assert_eq(listening, 2);
    cr_assert(is_master(&f.group.nodes[1]));
    cr_assert(fixture_becomes(&f, true, PATIENCE));
    cr_assert_eq(do_take(&f.bench, fixture_key(1)), ST_OK);
    cr_assert_eq(do_create(&f.bench, fixture_key(3), SLICE_LIT("3"), TTL), ST_OK);
    redisReply *size = group_ask(&f.group.nodes[1], "DBSIZE");
    cr_assert_not_null(size);
    cr_assert_eq(size->integer, 1);
    freeReplyObject(size);
    fixture_close(&f);
}
