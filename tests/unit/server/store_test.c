#include "store.h"

#include "redis_group.h"
#include "store_bench.h"
#include "store_memory.h"
#include "store_metered.h"
#include "store_redis.h"

/* One table of behaviours, every store. */

enum { TTL = 60 * 1000, RECORDS_MAX = 100 };

struct backend {
    struct bench bench;
    struct log *log;
    struct store_memory *memory;
    struct redis_child redis;
    struct redis_group group;
};

static void open_memory(struct backend *b)
{
    const struct store_memory_limits limits = { .records = RECORDS_MAX, .value_bytes = 1 << 20 };

    cr_assert_eq(store_memory_new(&limits, &SYSTEM_CLOCK, &b->memory), ST_OK);
    cr_assert_eq(store_memory_attach(b->memory, b->bench.base, &b->bench.store), ST_OK);
}

/* Counting must not change what a store does. */
static void open_metered(struct backend *b)
{
    open_memory(b);
    cr_assert_eq(store_metered_new(b->bench.store, NULL, &b->bench.store), ST_OK);
}

static void close_memory(struct backend *b)
{
    store_free(b->bench.store);
    store_memory_free(b->memory);
}

static void await_ready(struct backend *b)
{
    for (int i = 0; i < 500 && !store_ready(b->bench.store); i++)
        turn(b->bench.base, 10);
    cr_assert(store_ready(b->bench.store), "Redis does not come up");
}

static void open_at(struct backend *b, struct store_redis_settings settings)
{
    const char *why;

    settings.command_timeout_ms = 4000;
    settings.replica_timeout_ms = 2000;
    settings.pending_max = RECORDS_MAX;
    if (!b->log)
        cr_assert_eq(log_new("/dev/null", LOG_DEBUG, &b->log), ST_OK);
    cr_assert_eq(store_redis_open(&settings, b->bench.base, b->log, &b->bench.store, &why), ST_OK,
                 "%s", why);
    await_ready(b);
}

static void open_redis(struct backend *b)
{
    struct store_redis_settings settings = STORE_REDIS_DEFAULTS;

    redis_init(&b->redis);
    redis_run(&b->redis, NULL);
    settings.url = b->redis.url;
    open_at(b, settings);
}

static void close_redis(struct backend *b)
{
    store_free(b->bench.store);
    log_free(b->log);
    redis_clear(&b->redis);
}

/* --- refusals --- */

static void nothing_is_there(struct bench *b)
{
    struct store_key key = key_named(STORE_CHALLENGE, "none");

    cr_assert_eq(do_get(b, key), ST_NOT_FOUND);
    cr_assert_eq(do_take(b, key), ST_NOT_FOUND);
    cr_assert_eq(b->last.len, 0);
}

static void create_only_once(struct bench *b)
{
    struct store_key key = key_named(STORE_CHALLENGE, "a");

    cr_assert_eq(do_create(b, key, SLICE_LIT("one"), TTL), ST_OK);
    cr_assert_eq(do_create(b, key, SLICE_LIT("two"), TTL), ST_EXISTS);
    cr_assert_eq(b->last.len, 0);
    cr_assert_eq(do_get(b, key), ST_OK);
    cr_assert(last_is(b, SLICE_LIT("one")));
}

static void mark_only_once(struct bench *b)
{
    struct store_key key = key_named(STORE_SPENT, "jti");

    cr_assert_eq(do_mark(b, key, TTL), ST_OK);
    cr_assert_eq(do_mark(b, key, TTL), ST_EXISTS);
    cr_assert_eq(do_mark(b, key_named(STORE_SPENT, "jti2"), TTL), ST_OK);
}

static void take_only_once(struct bench *b)
{
    struct store_key key = key_named(STORE_CHALLENGE, "a");

    cr_assert_eq(do_create(b, key, SLICE_LIT("one"), TTL), ST_OK);
    cr_assert_eq(do_take(b, key), ST_OK);
    cr_assert(last_is(b, SLICE_LIT("one")));
    cr_assert_eq(do_take(b, key), ST_NOT_FOUND);
    cr_assert_eq(do_get(b, key), ST_NOT_FOUND);
    cr_assert_eq(do_create(b, key, SLICE_LIT("two"), TTL), ST_OK);
}

static void expired_is_gone(struct bench *b)
{
    struct store_key brief = key_named(STORE_CHALLENGE, "brief");
    struct store_key lasting = key_named(STORE_CHALLENGE, "lasting");

    cr_assert_eq(do_create(b, lasting, SLICE_LIT("l"), TTL), ST_OK);
    cr_assert_eq(do_create(b, brief, SLICE_LIT("b"), 50), ST_OK);
    cr_assert_eq(do_create(b, brief, SLICE_LIT("b"), 50), ST_EXISTS);
    turn(b->base, 80);
    cr_assert_eq(do_get(b, brief), ST_NOT_FOUND);
    cr_assert_eq(do_take(b, brief), ST_NOT_FOUND);
    cr_assert_eq(do_create(b, brief, SLICE_LIT("b"), TTL), ST_OK);
    cr_assert_eq(do_take(b, lasting), ST_OK);
}

static void put_renews(struct bench *b)
{
    struct store_key key = key_named(STORE_BINDING, "a");
    struct store_key shortened = key_named(STORE_BINDING, "b");

    cr_assert_eq(do_put(b, key, SLICE_LIT("one"), 50), ST_OK);
    cr_assert_eq(do_put(b, key, SLICE_LIT("another"), TTL), ST_OK);
    cr_assert_eq(do_put(b, shortened, SLICE_LIT("one"), TTL), ST_OK);
    cr_assert_eq(do_put(b, shortened, SLICE_LIT("one"), 50), ST_OK);
    turn(b->base, 80);
    cr_assert_eq(do_get(b, key), ST_OK);
    cr_assert(last_is(b, SLICE_LIT("another")));
    cr_assert_eq(do_get(b, shortened), ST_NOT_FOUND);
}

static void spaces_do_not_collide(struct bench *b)
{
    for (int space = 0; space < STORE_SPACE_COUNT; space++) {
        const uint8_t own = (uint8_t)space;
        struct store_key key = key_named((enum store_space)space, "same");
        cr_assert_eq(do_create(b, key, (struct slice){ &own, 1 }, TTL), ST_OK);
    }
    for (int space = 0; space < STORE_SPACE_COUNT; space++) {
        cr_assert_eq(do_take(b, key_named((enum store_space)space, "same")), ST_OK);
        cr_assert_eq(b->last.len, 1);
        cr_assert_eq(b->last.value[0], space);
    }
}

static void values_of_all_lengths(struct bench *b)
{
    static const size_t lengths[] = { 0, 1, 68, 79, 80, 81, 20000 };
    uint8_t value[20001];

    for (size_t i = 0; i < sizeof value; i++)
        value[i] = (uint8_t)(i * 7); /* zeros and line ends among them */
    for (size_t from = 0; from < sizeof lengths / sizeof lengths[0]; from++)
        for (size_t to = 0; to < sizeof lengths / sizeof lengths[0]; to++) {
            struct store_key key = key_named(STORE_REQUEST, "value");
            struct slice first = { value + 1, lengths[from] }, second = { value, lengths[to] };
            cr_assert_eq(do_create(b, key, first, TTL), ST_OK);
            cr_assert_eq(do_get(b, key), ST_OK);
            cr_assert(last_is(b, first));
            cr_assert_eq(do_put(b, key, second, TTL), ST_OK);
            cr_assert_eq(do_get(b, key), ST_OK);
            cr_assert(last_is(b, second));
            cr_assert_eq(do_take(b, key), ST_OK);
            cr_assert(last_is(b, second));
        }
}

static void sixteen_takers(struct bench *b)
{
    static struct outcome takers[16];
    struct store_key key = key_named(STORE_CHALLENGE, "raced");
    unsigned won = 0, lost = 0;

    cr_assert_eq(do_create(b, key, SLICE_LIT("x"), TTL), ST_OK);
    for (size_t i = 0; i < 16; i++)
        store_take(b->store, &key, record, &takers[i]);
    for (size_t i = 0; i < 16; i++) {
        enum status st = await(b->base, &takers[i]);
        won += st == ST_OK;
        lost += st == ST_NOT_FOUND;
    }
    cr_assert_eq(won, 1);
    cr_assert_eq(lost, 15);
}

/* A callback may call the store, which answers after it has returned. */
struct chain {
    struct store *store;
    unsigned marks;
    bool inside;
};

static void mark_next(void *arg, enum status st, struct slice value)
{
    struct chain *chain = arg;
    const struct store_key key = key_named(STORE_SPENT, "chain");

    (void)value;
    cr_assert(!chain->inside, "a callback within a call");
    cr_assert_eq(st, chain->marks == 1 ? ST_OK : ST_EXISTS);
    if (++chain->marks > 10)
        return;
    chain->inside = true;
    store_mark(chain->store, &key, TTL, mark_next, chain);
    chain->inside = false;
}

static void calls_from_callbacks(struct bench *b)
{
    struct chain chain = { .store = b->store, .marks = 1 };
    const struct store_key key = key_named(STORE_SPENT, "chain");

    store_mark(b->store, &key, TTL, mark_next, &chain);
    for (int i = 0; i < 200 && chain.marks <= 10; i++)
        turn(b->base, 5);
    cr_assert_eq(chain.marks, 11);
}

/* More than RECORDS_MAX at once: those beyond are told so, all others served. */
static void more_than_fit(struct bench *b)
{
    static struct outcome outcomes[RECORDS_MAX + 20];
    unsigned served = 0, busy = 0;
    size_t count = sizeof outcomes / sizeof outcomes[0];

    for (size_t i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof name, "%zu", i);
        struct store_key key = key_named(STORE_CHALLENGE, name);
        store_create(b->store, &key, SLICE_LIT("x"), TTL, record, &outcomes[i]);
        cr_assert_eq(outcomes[i].times, 0);
    }
    for (size_t i = 0; i < count; i++) {
        enum status st = await(b->base, &outcomes[i]);
        served += st == ST_OK;
        busy += st == ST_BUSY;
    }
    cr_assert_eq(served, RECORDS_MAX);
    cr_assert_eq(busy, count - RECORDS_MAX);
}

static void open_calls_are_answered_at_the_end(struct bench *b)
{
    static struct outcome outcomes[8];
    struct store_key key = key_named(STORE_CHALLENGE, "last");

    for (size_t i = 0; i < 8; i++)
        store_take(b->store, &key, record, &outcomes[i]);
    store_free(b->store);
    b->store = NULL;
    for (size_t i = 0; i < 8; i++) {
        cr_assert_eq(outcomes[i].times, 1);
        cr_assert_neq(outcomes[i].st, ST_OK);
    }
}

/* --- messages --- */

struct hearer {
    unsigned listening, messages;
    size_t len;
    uint8_t last[STORE_MESSAGE_MAX];
    struct store *store;                   /* where it shall unsubscribe after a message */
    struct store_subscription *self, *too; /* itself, and maybe another */
};

static void on_listening(void *arg)
{
    ((struct hearer *)arg)->listening++;
}

static void on_message(void *arg, struct slice message)
{
    struct hearer *h = arg;

    cr_assert(h->listening, "a message before it was said to listen");
    h->messages++;
    h->len = message.len;
    if (message.len)
        memcpy(h->last, message.data, message.len);
    if (!h->store)
        return;
    store_unsubscribe(h->store, h->self);
    if (h->too)
        store_unsubscribe(h->store, h->too);
}

static void hear_on(struct bench *b, const char *channel, struct hearer *h)
{
    const struct store_subscriber who = { on_listening, on_message, h };
    const struct store_channel at = store_channel_hashed(slice_of(channel));

    cr_assert_eq(store_subscribe(b->store, &at, &who, &h->self), ST_OK);
    cr_assert_eq(h->listening, 0, "told before the call returned");
    for (int i = 0; i < 500 && !h->listening; i++)
        turn(b->base, 10);
    cr_assert_eq(h->listening, 1);
}

static enum status publish(struct bench *b, const char *channel, struct slice message)
{
    const struct store_channel at = store_channel_hashed(slice_of(channel));

    b->last.times = 0;
    store_publish(b->store, &at, message, record, &b->last);
    return finish(b);
}

/* A message behind all others: when it is heard, they have been. */
static void settle(struct bench *b, struct hearer *last)
{
    unsigned before = last->messages;

    cr_assert_eq(publish(b, "last", SLICE_LIT(".")), ST_OK);
    for (int i = 0; i < 500 && last->messages == before; i++)
        turn(b->base, 10);
    cr_assert_eq(last->messages, before + 1);
}

static void messages_go_to_who_listens(struct bench *b)
{
    static struct hearer one, two, other, last;

    cr_assert_eq(publish(b, "door", SLICE_LIT("nobody hears")), ST_OK);
    hear_on(b, "last", &last);
    hear_on(b, "door", &one);
    hear_on(b, "door", &two);
    hear_on(b, "window", &other);
    cr_assert_eq(publish(b, "door", SLICE_LIT("open\r\n\0")), ST_OK);
    settle(b, &last);
    cr_assert_eq(one.messages, 1);
    cr_assert_eq(two.messages, 1);
    cr_assert_eq(other.messages, 0);
    cr_assert(slice_equal((struct slice){ one.last, one.len }, SLICE_LIT("open\r\n\0")));

    store_unsubscribe(b->store, one.self);
    cr_assert_eq(publish(b, "door", SLICE_LIT("")), ST_OK);
    settle(b, &last);
    cr_assert_eq(one.messages, 1);
    cr_assert_eq(two.messages, 2);
    cr_assert_eq(two.len, 0);

    store_unsubscribe(b->store, two.self);
    one.listening = 0;
    hear_on(b, "door", &one);
    cr_assert_eq(publish(b, "door", SLICE_LIT("again")), ST_OK);
    settle(b, &last);
    cr_assert_eq(one.messages, 2);
    cr_assert_eq(two.messages, 2);
}

static void hearers_leave_while_they_hear(struct bench *b)
{
    static struct hearer one, two, last;

    hear_on(b, "last", &last);
    hear_on(b, "door", &one);
    hear_on(b, "door", &two);
    one.store = two.store = b->store; /* whoever hears first removes both */
    one.too = two.self;
    two.too = one.self;
    cr_assert_eq(publish(b, "door", SLICE_LIT("x")), ST_OK);
    cr_assert_eq(publish(b, "door", SLICE_LIT("x")), ST_OK);
    settle(b, &last);
    cr_assert_eq(one.messages + two.messages, 1);
}

static void messages_of_all_lengths(struct bench *b)
{
    static uint8_t text[STORE_MESSAGE_MAX + 1];
    static struct hearer one;

    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(i * 7);
    hear_on(b, "last", &one);
    cr_assert_eq(publish(b, "last", (struct slice){ text, STORE_MESSAGE_MAX + 1 }), ST_TOO_LARGE);
    cr_assert_eq(publish(b, "last", (struct slice){ text, STORE_MESSAGE_MAX }), ST_OK);
    for (int i = 0; i < 500 && !one.messages; i++)
        turn(b->base, 10);
    cr_assert_eq(one.messages, 1);
    cr_assert(slice_equal((struct slice){ one.last, one.len },
                          (struct slice){ text, STORE_MESSAGE_MAX }));
}

#define EVERY_STORE(behaviour)                                                                     \
    Test(store, memory_##behaviour)                                                                \
    {                                                                                              \
        static struct backend b;                                                                   \
        b.bench.base = event_base_new();                                                           \
        open_memory(&b);                                                                           \
        behaviour(&b.bench);                                                                       \
        close_memory(&b);                                                                          \
        event_base_free(b.bench.base);                                                             \
    }                                                                                              \
    Test(store, metered_##behaviour)                                                               \
    {                                                                                              \
        static struct backend b;                                                                   \
        b.bench.base = event_base_new();                                                           \
        open_metered(&b);                                                                          \
        behaviour(&b.bench);                                                                       \
        close_memory(&b);                                                                          \
        event_base_free(b.bench.base);                                                             \
    }                                                                                              \
    Test(store, redis_##behaviour)                                                                 \
    {                                                                                              \
        static struct backend b;                                                                   \
        b.bench.base = event_base_new();                                                           \
        open_redis(&b);                                                                            \
        behaviour(&b.bench);                                                                       \
        close_redis(&b);                                                                           \
        event_base_free(b.bench.base);                                                             \
    }

#define BEHAVIOURS(do_each)                                                                        \
    do_each(nothing_is_there) do_each(create_only_once) do_each(mark_only_once)                    \
        do_each(take_only_once) do_each(expired_is_gone) do_each(put_renews)                       \
            do_each(spaces_do_not_collide) do_each(values_of_all_lengths) do_each(sixteen_takers)  \
                do_each(calls_from_callbacks) do_each(more_than_fit)                               \
                    do_each(messages_go_to_who_listens) do_each(hearers_leave_while_they_hear)     \
                        do_each(messages_of_all_lengths)                                           \
                            do_each(open_calls_are_answered_at_the_end)

BEHAVIOURS(EVERY_STORE)

/* --- stores that take long to start: one after the other in one of each --- */

#define IN_A_ROW(behaviour) { #behaviour, behaviour },

static const struct {
    const char *name;
    void (*run)(struct bench *);
} behaviours[] = { BEHAVIOURS(IN_A_ROW) };

/* Each with a prefix, and so with records and channels, of its own. */
static void every_behaviour(struct backend *b, uint32_t replicas)
{
    struct store_redis_settings settings = STORE_REDIS_DEFAULTS;

    signal(SIGPIPE, SIG_IGN);
    settings.url = b->group.url;
    settings.replicas = replicas;
    b->bench.base = event_base_new();
    for (size_t i = 0; i < sizeof behaviours / sizeof behaviours[0]; i++) {
        settings.prefix = behaviours[i].name;
        open_at(b, settings);
        behaviours[i].run(&b->bench);
        store_free(b->bench.store);
    }
    log_free(b->log);
    group_clear(&b->group);
    event_base_free(b->bench.base);
}

Test(store, replicated)
{
    static struct backend b;

    group_replicate(&b.group, 2);
    every_behaviour(&b, 2);
}

Test(store, behind_sentinels)
{
    static struct backend b;

    group_replicate(&b.group, 1);
    group_watch(&b.group, 2);
    every_behaviour(&b, 1);
}

Test(store, in_a_cluster)
{
    static struct backend b;

    group_cluster(&b.group, 3);
    every_behaviour(&b, 0);
}

Test(store, hashed_names_differ)
{
    struct store_key a = key_named(STORE_SPENT, "a"), b = key_named(STORE_SPENT, "b");

    cr_assert_neq(memcmp(a.id, b.id, sizeof a.id), 0);
    struct store_key again = key_named(STORE_SPENT, "a");
    cr_assert_eq(memcmp(a.id, again.id, sizeof a.id), 0);
}
