#include "challenge.h"

#include <criterion/criterion.h>
#include <string.h>

#include "store_memory.h"

static struct event_base *base;
static struct store_memory *memory;
static struct store *store;

static void setup(void)
{
    const struct store_memory_limits limits = { .records = 1000, .value_bytes = 1000 };

    base = event_base_new();
    cr_assert_eq(store_memory_new(&limits, &SYSTEM_CLOCK, &memory), ST_OK);
    cr_assert_eq(store_memory_attach(memory, base, &store), ST_OK);
}

static void teardown(void)
{
    store_free(store);
    store_memory_free(memory);
    event_base_free(base);
}

TestSuite(challenge, .init = setup, .fini = teardown);

static struct {
    int calls;
    enum status st, decoded;
    struct challenge_record record;
} got;

static void keep(void *arg, enum status st, struct slice value)
{
    (void)arg;
    got.calls++;
    got.st = st;
    got.decoded = st ? st : challenge_record_decode(value, &got.record);
}

static const struct challenge_record record = { .jkt = { { 1 } },
                                                .tag = { { 2 } },
                                                .issued_at = 1790000000,
                                                .blocks = 64,
                                                .streak = 7,
                                                .miss = 0.25 };

static void issue(const struct challenge *c, uint32_t ttl_ms)
{
    challenge_issue(store, c, &record, ttl_ms, keep, NULL);
    event_base_loop(base, EVLOOP_NONBLOCK);
    cr_assert_eq(got.st, ST_OK);
}

static enum status consume(const struct challenge *c)
{
    got.calls = 0;
    challenge_consume(store, c->bytes, keep, NULL);
    cr_assert_eq(got.calls, 0, "never before the call has returned");
    event_base_loop(base, EVLOOP_NONBLOCK);
    cr_assert_eq(got.calls, 1);
    return got.st;
}

Test(challenge, what_nobody_issued_is_not_found)
{
    const struct challenge c = { { 1 } };

    cr_assert_eq(consume(&c), ST_NOT_FOUND);
}

Test(challenge, it_is_consumed_once_and_remembers)
{
    const struct challenge c = { { 2 } };

    issue(&c, 10000);
    cr_assert_eq(consume(&c), ST_OK);
    cr_assert_eq(got.decoded, ST_OK);
    cr_assert_eq(got.record.issued_at, record.issued_at);
    cr_assert_eq(got.record.blocks, 64);
    cr_assert_eq(got.record.streak, 7);
    cr_assert_eq(got.record.miss, 0.25);
    cr_assert_arr_eq(got.record.jkt.bytes, record.jkt.bytes, 32);
    cr_assert_arr_eq(got.record.tag.bytes, record.tag.bytes, BUILD_TAG_LEN);
    cr_assert_eq(consume(&c), ST_NOT_FOUND);
}

Test(challenge, records_of_another_form_are_refused)
{
    struct challenge_record out;
    uint8_t bytes[128] = { 1 };

    for (size_t n = 0; n <= sizeof bytes; n++)
        if (n != 71)
            cr_assert_eq(challenge_record_decode((struct slice){ bytes, n }, &out), ST_INVALID,
                         "%zu", n);
    cr_assert_eq(challenge_record_decode((struct slice){ bytes, 71 }, &out), ST_OK);
    bytes[0] = 2;
    cr_assert_eq(challenge_record_decode((struct slice){ bytes, 71 }, &out), ST_INVALID);
}
