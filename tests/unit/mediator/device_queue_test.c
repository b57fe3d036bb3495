#include "device_queue.h"

#include <event2/event.h>

#include "configured.h"
#include "store_memory.h"

enum { LIMIT = 3, MANY = 8 };

struct bench {
    struct configured c;
    struct settings settings;
    struct event_base *base;
    struct store_memory *memory;
    struct store *store;
    struct device_queue *queue;
    uint64_t steady;
    struct clock clock;

    enum status outcome;
    enum status answer; /* to every push */
    bool later;         /* answered by the test */
    struct device_queue_round *round;
    unsigned pushed;
    char got[MANY]; /* the first byte of each grant */
};

static int64_t wall(void *arg)
{
    (void)arg;
    return 1000000;
}

static uint64_t steady(void *arg)
{
    return ((struct bench *)arg)->steady;
}

static void bench_open(struct bench *b)
{
    const struct store_memory_limits limits = { .records = 64, .value_bytes = 65536 };
    char keys[128];

    *b = (struct bench){ .settings.device = { .queue = LIMIT, .grant_max_lifetime = 100 } };
    b->clock = (struct clock){ wall, steady, b };
    configured_folder(&b->c);
    snprintf(keys, sizeof keys, "%s/keys", b->c.folder);
    cr_assert_eq(keyring_read(keys, &b->settings.seal, b->c.why, sizeof b->c.why), ST_OK);
    b->base = event_base_new();
    cr_assert_eq(store_memory_new(&limits, &b->clock, &b->memory), ST_OK);
    cr_assert_eq(store_memory_attach(b->memory, b->base, &b->store), ST_OK);
    const struct device_queue_options options = { b->store, &b->clock, &b->settings };
    b->queue = device_queue_new(&options);
    cr_assert_not_null(b->queue);
}

static void bench_close(struct bench *b)
{
    device_queue_stop(b->queue);
    store_free(b->store);
    device_queue_free(b->queue);
    store_memory_free(b->memory);
    event_base_free(b->base);
    keyring_free(b->settings.seal);
    configured_clear(&b->c);
}

static void run(struct bench *b)
{
    for (int i = 0; i < 64; i++)
        event_base_loop(b->base, EVLOOP_NONBLOCK);
}

static void added(void *arg, enum status st)
{
    ((struct bench *)arg)->outcome = st;
}

static enum status add(struct bench *b, const char *device, const char *grant, uint32_t ttl_ms)
{
    static const uint8_t id[GRANT_ID_LEN] = { 7 };

    b->outcome = ST_INTERNAL;
    device_queue_add(b->queue, device, id, slice_of(grant), ttl_ms, added, b);
    cr_assert_eq(b->outcome, ST_INTERNAL, "never before the call has returned");
    run(b);
    return b->outcome;
}

static void push(void *arg, struct device_queue_round *round, const char *device,
                 const uint8_t grant_id[static GRANT_ID_LEN], struct slice grant)
{
    struct bench *b = arg;

    cr_assert_str_eq(device, "door");
    cr_assert_eq(grant_id[0], 7);
    b->got[b->pushed++] = (char)grant.data[0];
    b->round = round;
    if (!b->later)
        device_queue_pushed(round, b->answer);
}

static const char *handed_out(struct bench *b, bool sure)
{
    memset(b->got, 0, sizeof b->got);
    b->pushed = 0;
    device_queue_hand_out(b->queue, "door", sure, push, b);
    run(b);
    return b->got;
}

Test(device_queue, hands_out_once_what_was_added)
{
    struct bench b;

    bench_open(&b);
    cr_assert_str_eq(handed_out(&b, false), "");
    cr_assert_eq(add(&b, "door", "a", 1000), ST_OK);
    cr_assert_eq(add(&b, "door", "b", 1000), ST_OK);
    cr_assert_eq(add(&b, "gate", "c", 1000), ST_OK);
    cr_assert_str_eq(handed_out(&b, false), "ab");
    cr_assert_str_eq(handed_out(&b, false), "");
    cr_assert_str_eq(handed_out(&b, true), "");
    bench_close(&b);
}

Test(device_queue, so_many_and_no_more)
{
    struct bench b;

    bench_open(&b);
    for (int i = 0; i < LIMIT; i++)
        cr_assert_eq(add(&b, "door", "a", 1000), ST_OK);
    cr_assert_eq(add(&b, "door", "b", 1000), ST_BUSY);
    cr_assert_eq(add(&b, "gate", "b", 1000), ST_OK, "each device has its own");
    cr_assert_str_eq(handed_out(&b, false), "aaa");
    cr_assert_eq(add(&b, "door", "b", 1000), ST_OK, "there is room again");
    bench_close(&b);
}

Test(device_queue, what_is_not_taken_goes_on_waiting)
{
    struct bench b;

    bench_open(&b);
    cr_assert_eq(add(&b, "door", "a", 1000), ST_OK);
    cr_assert_eq(add(&b, "door", "b", 1000), ST_OK);
    b.answer = ST_LOST;
    cr_assert_str_eq(handed_out(&b, false), "a", "the round ends there");
    b.answer = ST_OK;
    cr_assert_str_eq(handed_out(&b, false), "ab");
    cr_assert_eq(add(&b, "door", "a", 1000), ST_OK);
    b.answer = ST_DENIED;
    cr_assert_str_eq(handed_out(&b, false), "a");
    cr_assert_str_eq(handed_out(&b, true), "", "one that is refused does not come again");
    bench_close(&b);
}

Test(device_queue, grants_expire_in_it)
{
    struct bench b;

    bench_open(&b);
    cr_assert_eq(add(&b, "door", "a", 1000), ST_OK);
    cr_assert_eq(add(&b, "door", "b", 5000), ST_OK);
    b.steady = 1000;
    cr_assert_str_eq(handed_out(&b, false), "b");
    cr_assert_eq(add(&b, "door", "c", 1000), ST_OK);
    b.steady = 2000;
    cr_assert_str_eq(handed_out(&b, true), "");
    bench_close(&b);
}

Test(device_queue, one_round_at_a_time_and_another_behind_it)
{
    struct bench b;

    bench_open(&b);
    b.later = true;
    cr_assert_eq(add(&b, "door", "a", 1000), ST_OK);
    cr_assert_str_eq(handed_out(&b, false), "a");
    cr_assert_eq(add(&b, "door", "b", 1000), ST_OK);
    device_queue_hand_out(b.queue, "door", true, push, &b);
    run(&b);
    cr_assert_eq(b.pushed, 1, "the first one is not over");
    device_queue_pushed(b.round, ST_OK);
    run(&b);
    cr_assert_str_eq(b.got, "ab");
    device_queue_pushed(b.round, ST_OK);
    run(&b);
    cr_assert_str_eq(handed_out(&b, true), "");
    bench_close(&b);
}

Test(device_queue, ends_in_the_middle)
{
    struct bench b;

    bench_open(&b);
    b.later = true;
    cr_assert_eq(add(&b, "door", "a", 1000), ST_OK);
    cr_assert_str_eq(handed_out(&b, false), "a");
    device_queue_stop(b.queue);
    device_queue_pushed(b.round, ST_LOST);
    bench_close(&b);
}
