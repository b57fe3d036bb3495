#include "store_redis.h"

#include <sys/stat.h>

#include "redis_child.h"
#include "store_bench.h"

enum { TTL = 60 * 1000, COMMAND_MS = 200, CONNECT_MS = 200 };
#define PASSWORD "short"

struct fixture {
    struct bench bench;
    struct log *log;
    struct redis_child redis;
    struct store_redis_settings settings;
};
static struct fixture f;

static void init(void)
{
    signal(SIGPIPE, SIG_IGN); /* as the daemons do */
    f.bench.base = event_base_new();
    redis_init(&f.redis);
    f.settings = STORE_REDIS_DEFAULTS;
    f.settings.url = f.redis.url;
    f.settings.command_timeout_ms = COMMAND_MS;
    f.settings.connect_timeout_ms = CONNECT_MS;
    f.settings.backoff_max_ms = 100;
    cr_assert_eq(log_new("/dev/null", LOG_DEBUG, &f.log), ST_OK);
}

static enum status open_store(void)
{
    const char *why = "";
    enum status st = store_redis_open(&f.settings, f.bench.base, f.log, &f.bench.store, &why);

    cr_assert(st == ST_OK || why[0]);
    return st;
}

static void close_all(void)
{
    store_free(f.bench.store);
    log_free(f.log);
    redis_clear(&f.redis);
    event_base_free(f.bench.base);
}

static bool becomes(bool ready, uint32_t patience_ms)
{
    for (uint32_t ms = 0; ms < patience_ms && store_ready(f.bench.store) != ready; ms += 5)
        turn(f.bench.base, 5);
    return store_ready(f.bench.store) == ready;
}

static struct store_key key(void)
{
    return key_named(STORE_CHALLENGE, "k");
}

static void write_password(const char *text, mode_t mode, char *path, size_t cap)
{
    snprintf(path, cap, "%s/password", f.redis.folder);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
    cr_assert_eq(chmod(path, mode), 0);
}

/* --- settings --- */

Test(store_redis, bad_settings_are_refused)
{
    char path[128];

    init();
    f.settings.url = "mysql://x";
    cr_assert_eq(open_store(), ST_INVALID);
    f.settings.url = f.redis.url;
    f.settings.prefix = "";
    cr_assert_eq(open_store(), ST_INVALID);
    f.settings.prefix = "12345678901234567890123456789012345678901234567890123456789012345";
    cr_assert_eq(open_store(), ST_INVALID);
    f.settings.prefix = "1234567890123456789012345678901234567890123456789012345678901234";
    f.settings.password_file = "/nowhere/password";
    cr_assert_eq(open_store(), ST_INVALID);
    write_password("", 0600, path, sizeof path);
    f.settings.password_file = path;
    cr_assert_eq(open_store(), ST_INVALID);
    write_password(PASSWORD "\n", 0640, path, sizeof path);
    cr_assert_eq(open_store(), ST_INVALID);
    chmod(path, 0600);
    cr_assert_eq(open_store(), ST_OK);
    close_all();
}

/* --- a Redis that will not do --- */

Test(store_redis, nobody_there_is_unavailable)
{
    init();
    cr_assert_eq(open_store(), ST_OK);
    cr_assert_not(store_ready(f.bench.store));
    cr_assert_eq(do_create(&f.bench, key(), SLICE_LIT("x"), TTL), ST_UNAVAILABLE);
    cr_assert_eq(do_put(&f.bench, key(), SLICE_LIT("x"), TTL), ST_UNAVAILABLE);
    cr_assert_eq(do_get(&f.bench, key()), ST_UNAVAILABLE);
    cr_assert_eq(do_take(&f.bench, key()), ST_UNAVAILABLE);
    redis_run(&f.redis, NULL); /* and once it is there, it is found */
    cr_assert(becomes(true, 3000));
    cr_assert_eq(do_create(&f.bench, key(), SLICE_LIT("x"), TTL), ST_OK);
    close_all();
}

Test(store_redis, a_replica_will_not_do)
{
    const char *const extra[] = { "--replicaof", "127.0.0.1", "1", NULL };

    init();
    redis_run(&f.redis, extra);
    cr_assert_eq(open_store(), ST_OK);
    cr_assert_not(becomes(true, 600));
    cr_assert_eq(do_take(&f.bench, key()), ST_UNAVAILABLE);
    close_all();
}

static void open_with_password(const char *text, const char *user)
{
    static char path[128];
    static const char *const extra[] = { "--requirepass", PASSWORD, NULL };

    init();
    redis_use_tcp(&f.redis);
    redis_run(&f.redis, extra);
    if (text) {
        write_password(text, 0600, path, sizeof path);
        f.settings.password_file = path;
    }
    f.settings.user = user;
    cr_assert_eq(open_store(), ST_OK);
}

Test(store_redis, no_password_will_not_do)
{
    open_with_password(NULL, NULL);
    cr_assert_not(becomes(true, 600));
    close_all();
}

Test(store_redis, a_wrong_password_will_not_do)
{
    open_with_password("wrong\n", NULL);
    cr_assert_not(becomes(true, 600));
    close_all();
}

Test(store_redis, a_wrong_user_will_not_do)
{
    open_with_password(PASSWORD, "nobody");
    cr_assert_not(becomes(true, 600));
    close_all();
}

Test(store_redis, the_right_password_will_do)
{
    open_with_password(PASSWORD "\n", NULL);
    cr_assert(becomes(true, 3000));
    cr_assert_eq(do_create(&f.bench, key(), SLICE_LIT("x"), TTL), ST_OK);
    cr_assert_eq(do_take(&f.bench, key()), ST_OK);
    close_all();
}

Test(store_redis, the_right_user_will_do)
{
    open_with_password(PASSWORD, "default");
    cr_assert(becomes(true, 3000));
    cr_assert_eq(do_mark(&f.bench, key(), TTL), ST_OK);
    close_all();
}

Test(store_redis, a_host_by_name)
{
    static char url[64];

    init();
    redis_use_tcp(&f.redis);
    redis_run(&f.redis, NULL);
    snprintf(url, sizeof url, "redis://localhost:%s", f.redis.port);
    f.settings.url = url;
    cr_assert_eq(open_store(), ST_OK);
    cr_assert(becomes(true, 5000));
    close_all();
}

/* --- a Redis that was there --- */

static void open_ready(void)
{
    init();
    redis_run(&f.redis, NULL);
    cr_assert_eq(open_store(), ST_OK);
    cr_assert(becomes(true, 3000));
    cr_assert_eq(do_create(&f.bench, key(), SLICE_LIT("x"), TTL), ST_OK);
}

Test(store_redis, killed_and_started_again)
{
    open_ready();
    redis_end(&f.redis, SIGKILL);
    cr_assert(becomes(false, 1000));
    cr_assert_eq(do_take(&f.bench, key()), ST_UNAVAILABLE);
    redis_run(&f.redis, NULL);
    cr_assert(becomes(true, 3000));
    cr_assert_eq(do_take(&f.bench, key()), ST_NOT_FOUND); /* it keeps nothing */
    cr_assert_eq(do_create(&f.bench, key(), SLICE_LIT("x"), TTL), ST_OK);
    cr_assert_eq(do_take(&f.bench, key()), ST_OK);
    close_all();
}

/* Commands that Redis has and does not answer before it is gone. */
struct flight {
    struct outcome create, put, get, take;
};
static struct flight flight;

static void launch(void)
{
    const struct store_key other = key_named(STORE_BINDING, "other");
    const struct store_key k = key();

    store_create(f.bench.store, &other, SLICE_LIT("x"), TTL, record, &flight.create);
    store_put(f.bench.store, &other, SLICE_LIT("y"), TTL, record, &flight.put);
    store_get(f.bench.store, &other, record, &flight.get);
    store_take(f.bench.store, &k, record, &flight.take);
}

static void expect_lost(void)
{
    cr_assert_eq(await(f.bench.base, &flight.create), ST_LOST);
    cr_assert_eq(await(f.bench.base, &flight.put), ST_LOST);
    cr_assert_eq(await(f.bench.base, &flight.get), ST_UNAVAILABLE);
    cr_assert_eq(await(f.bench.base, &flight.take), ST_LOST);
}

Test(store_redis, killed_with_commands_in_flight)
{
    open_ready();
    kill(f.redis.pid, SIGSTOP);
    launch();
    turn(f.bench.base, 20); /* written */
    redis_end(&f.redis, SIGKILL);
    expect_lost();
    redis_run(&f.redis, NULL);
    cr_assert(becomes(true, 3000));
    close_all();
}

Test(store_redis, gone_before_a_byte_was_written)
{
    open_ready();
    redis_end(&f.redis, SIGKILL);
    launch(); /* the loop has not noticed yet, and writes nothing any more */
    cr_assert_eq(await(f.bench.base, &flight.get), ST_UNAVAILABLE);
    enum status st = await(f.bench.base, &flight.take);
    cr_assert(st == ST_UNAVAILABLE || st == ST_LOST);
    close_all();
}

Test(store_redis, silent_past_the_deadline)
{
    open_ready();
    uint64_t start = clock_steady(&SYSTEM_CLOCK);
    kill(f.redis.pid, SIGSTOP);
    launch();
    expect_lost();
    uint64_t took = clock_steady(&SYSTEM_CLOCK) - start;
    cr_assert_geq(took, COMMAND_MS - 1);
    cr_assert_lt(took, COMMAND_MS * 10);
    cr_assert_not(store_ready(f.bench.store));
    turn(f.bench.base, 2 * CONNECT_MS); /* it accepts, but does not greet */
    cr_assert_not(store_ready(f.bench.store));

    kill(f.redis.pid, SIGCONT);
    cr_assert(becomes(true, 3000));
    turn(f.bench.base, 50); /* whatever comes late now finds nobody */
    cr_assert_eq(flight.take.times, 1);
    cr_assert_eq(flight.create.times, 1);
    cr_assert_eq(do_mark(&f.bench, key_named(STORE_SPENT, "new"), TTL), ST_OK);
    close_all();
}

Test(store_redis, freed_with_commands_in_flight)
{
    open_ready();
    kill(f.redis.pid, SIGSTOP);
    launch();
    turn(f.bench.base, 20);
    store_free(f.bench.store);
    f.bench.store = NULL;
    expect_lost();
    kill(f.redis.pid, SIGCONT);
    close_all();
}

Test(store_redis, what_redis_refuses_is_unavailable)
{
    const char *const extra[] = { "--maxmemory", "1", "--maxmemory-policy", "noeviction", NULL };

    init();
    redis_run(&f.redis, extra);
    cr_assert_eq(open_store(), ST_OK);
    cr_assert(becomes(true, 3000));
    cr_assert_eq(do_create(&f.bench, key(), SLICE_LIT("x"), TTL), ST_UNAVAILABLE);
    cr_assert_eq(do_get(&f.bench, key()), ST_NOT_FOUND);
    cr_assert(store_ready(f.bench.store));
    close_all();
}

/* --- messages --- */

struct hearer {
    unsigned listening, messages;
};

static void on_listening(void *arg)
{
    ((struct hearer *)arg)->listening++;
}

static void on_message(void *arg, struct slice message)
{
    (void)message;
    ((struct hearer *)arg)->messages++;
}

static bool comes_to(const unsigned *count, unsigned wanted)
{
    for (int i = 0; i < 1000 && *count < wanted; i++)
        turn(f.bench.base, 5);
    return *count == wanted;
}

static enum status publish(const struct store_channel *channel)
{
    f.bench.last.times = 0;
    store_publish(f.bench.store, channel, SLICE_LIT("x"), record, &f.bench.last);
    return finish(&f.bench);
}

/* Whoever listens is told that it may have missed something. */
static void outage(int signal)
{
    const struct store_channel channel = store_channel_hashed(SLICE_LIT("c"));
    struct hearer h = { 0 };
    const struct store_subscriber who = { on_listening, on_message, &h };
    struct store_subscription *sub;

    init();
    cr_assert_eq(open_store(), ST_OK);
    cr_assert_eq(store_subscribe(f.bench.store, &channel, &who, &sub), ST_OK);
    cr_assert_eq(publish(&channel), ST_UNAVAILABLE);
    redis_run(&f.redis, NULL);
    cr_assert(comes_to(&h.listening, 1));
    cr_assert(becomes(true, 3000));
    cr_assert_eq(publish(&channel), ST_OK);
    cr_assert(comes_to(&h.messages, 1));

    if (signal == SIGKILL) {
        redis_end(&f.redis, SIGKILL);
        redis_run(&f.redis, NULL);
    } else {
        kill(f.redis.pid, SIGSTOP);
        turn(f.bench.base, 4 * COMMAND_MS);
        kill(f.redis.pid, SIGCONT);
    }
    cr_assert(comes_to(&h.listening, 2));
    cr_assert(becomes(true, 3000));
    cr_assert_eq(publish(&channel), ST_OK);
    cr_assert(comes_to(&h.messages, 2));
    close_all();
}

Test(store_redis, listens_again_after_a_restart)
{
    outage(SIGKILL);
}

Test(store_redis, listens_again_after_a_silence)
{
    outage(SIGSTOP);
}
