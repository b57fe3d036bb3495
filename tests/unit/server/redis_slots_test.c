#include "redis_slots.h"

#include <criterion/criterion.h>
#include <hiredis/hiredis.h>
#include <string.h>

/* CRC16 of "123456789" is 0x31C3, as the specification of clusters says; the
 * others are what a real Redis says (CLUSTER KEYSLOT). */
Test(redis_slots, slots_of_keys)
{
    static const struct {
        const char *key;
        unsigned slot;
    } cases[] = {
        { "123456789", 0x31C3 }, { "", 0 },
        { "foo", 12182 },        { "{foo}", 12182 },
        { "a{foo}b", 12182 },    { "{foo}{bar}", 12182 },
        { "foo{}{bar}", 8363 },  { "foo{{bar}}zap", 4015 },
        { "{", 4092 },           { "foo{", 7673 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_assert_eq(redis_slot_of(slice_of(cases[i].key)), cases[i].slot, "%s: %u", cases[i].key,
                     redis_slot_of(slice_of(cases[i].key)));
}

Test(redis_slots, redirections)
{
    static const struct {
        const char *error;
        enum status st;
        bool asking;
        unsigned slot;
        const char *host;
        unsigned port;
    } cases[] = {
        { "MOVED 3999 127.0.0.1:6381", ST_OK, false, 3999, "127.0.0.1", 6381 },
        { "ASK 16383 ::1:6381", ST_OK, true, 16383, "::1", 6381 },
        { "MOVED 0 :7", ST_OK, false, 0, "asked", 7 },
        { "MOVED 16384 a:1", ST_INVALID, false, 0, NULL, 0 },
        { "MOVED -1 a:1", ST_INVALID, false, 0, NULL, 0 },
        { "MOVED 1", ST_INVALID, false, 0, NULL, 0 },
        { "MOVED 1 a", ST_INVALID, false, 0, NULL, 0 },
        { "ASK", ST_INVALID, false, 0, NULL, 0 },
        { "ERR MOVED 1 a:1", ST_UNSUPPORTED, false, 0, NULL, 0 },
        { "ASKED 1 a:1", ST_UNSUPPORTED, false, 0, NULL, 0 },
        { "", ST_UNSUPPORTED, false, 0, NULL, 0 },
    };
    const struct redis_endpoint asked = { .host = "asked", .port = 1 };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct redis_redirection r;
        cr_assert_eq(redis_redirection_read(cases[i].error, &asked, &r), cases[i].st, "%s",
                     cases[i].error);
        if (cases[i].st)
            continue;
        cr_assert_eq(r.asking, cases[i].asking);
        cr_assert_eq(r.slot, cases[i].slot);
        cr_assert_str_eq(r.to.host, cases[i].host);
        cr_assert_eq(r.to.port, cases[i].port);
    }
}

/* --- the map, from RESP as it comes --- */

struct seen {
    unsigned ranges, first, last;
    struct redis_endpoint master;
};

static void see(void *arg, uint16_t first, uint16_t last, const struct redis_endpoint *master)
{
    struct seen *s = arg;

    s->ranges++;
    s->first = first;
    s->last = last;
    s->master = *master;
}

static enum status read_map(const char *resp, struct seen *seen)
{
    const struct redis_endpoint asked = { .host = "asked", .port = 1 };
    redisReader *reader = redisReaderCreate();
    void *reply = NULL;

    memset(seen, 0, sizeof *seen);
    redisReaderFeed(reader, resp, strlen(resp));
    cr_assert_eq(redisReaderGetReply(reader, &reply), REDIS_OK);
    cr_assert_not_null(reply, "%s", resp);
    enum status st = redis_slots_read(reply, &asked, see, seen);
    freeReplyObject(reply);
    redisReaderFree(reader);
    return st;
}

#define ID "$2\r\nid\r\n"

Test(redis_slots, maps_taken)
{
    struct seen seen;

    cr_assert_eq(read_map("*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n$1\r\na\r\n:7\r\n" ID, &seen), ST_OK);
    cr_assert_eq(seen.ranges, 1);
    cr_assert_eq(seen.last, 16383);
    cr_assert_str_eq(seen.master.host, "a");
    cr_assert_eq(seen.master.port, 7);
    /* Two ranges, the second with a replica, and a host that is not named. */
    cr_assert_eq(read_map("*2\r\n*3\r\n:0\r\n:0\r\n*2\r\n$1\r\na\r\n:7\r\n"
                          "*4\r\n:1\r\n:2\r\n*2\r\n$0\r\n\r\n:8\r\n*2\r\n$1\r\nr\r\n:9\r\n",
                          &seen),
                 ST_OK);
    cr_assert_eq(seen.ranges, 2);
    cr_assert_eq(seen.first, 1);
    cr_assert_str_eq(seen.master.host, "asked");
    cr_assert_eq(seen.master.port, 8);
    cr_assert_eq(read_map("*1\r\n*3\r\n:0\r\n:0\r\n*2\r\n$-1\r\n:8\r\n", &seen), ST_OK);
    cr_assert_str_eq(seen.master.host, "asked");
}

Test(redis_slots, maps_refused)
{
    static const char *const cases[] = {
        "*0\r\n",
        "$1\r\na\r\n",
        "-ERR This instance has cluster support disabled\r\n",
        "*1\r\n:0\r\n",
        "*1\r\n*2\r\n:0\r\n:1\r\n",
        "*1\r\n*3\r\n:0\r\n:16384\r\n*2\r\n$1\r\na\r\n:7\r\n",
        "*1\r\n*3\r\n:-1\r\n:1\r\n*2\r\n$1\r\na\r\n:7\r\n",
        "*1\r\n*3\r\n:2\r\n:1\r\n*2\r\n$1\r\na\r\n:7\r\n",
        "*1\r\n*3\r\n$1\r\n0\r\n:1\r\n*2\r\n$1\r\na\r\n:7\r\n",
        "*1\r\n*3\r\n:0\r\n:1\r\n$1\r\na\r\n",
        "*1\r\n*3\r\n:0\r\n:1\r\n*1\r\n$1\r\na\r\n",
        "*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n$1\r\na\r\n:0\r\n",
        "*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n$1\r\na\r\n:65536\r\n",
        "*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n$1\r\na\r\n$1\r\n7\r\n",
    };
    struct seen seen;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_assert_eq(read_map(cases[i], &seen), ST_INVALID, "%s", cases[i]);
}
