/* Replies as hiredis hands them on, to a whole store: in one Redis, behind sentinels, and in a
 * cluster, with and without replicas. Connections are this file's (redis_connection.h), and what
 * comes over them is the input, read by hiredis's own reader. Every command ends exactly once. */
#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <string.h>

#include "fuzz.h"
#include "redis_connection.h"
#include "redis_slots.h"
#include "store_redis.h"

enum { CONNECTIONS_MAX = 96, CALLS_MAX = 256 };

/* --- connections --- */

struct redis_connection {
    struct redis_watch watch;
    struct redis_locator *locator;
    struct redis_seeker seeker;
    struct redis_endpoint where;
    bool ready, subscribed;
    struct redis_call *calls[CALLS_MAX];
    size_t first, last;
};

static struct redis_connection *connections[CONNECTIONS_MAX];

static void on_found(struct redis_seeker *s, const struct redis_endpoint *where)
{
    struct redis_connection *c =
        (struct redis_connection *)(void *)((char *)s - offsetof(struct redis_connection, seeker));

    s->asking = false;
    c->where = *where;
}

enum status redis_connection_new(const struct redis_access *access, struct redis_locator *locator,
                                 enum redis_role role, const struct redis_watch *watch,
                                 struct redis_connection **out)
{
    size_t i = 0;

    (void)access, (void)role;
    while (i < CONNECTIONS_MAX && connections[i])
        i++;
    if (i == CONNECTIONS_MAX)
        return ST_NO_MEMORY;
    *out = connections[i] = calloc(1, sizeof **out);
    MUST(*out);
    (*out)->watch = *watch;
    (*out)->locator = locator;
    (*out)->seeker = (struct redis_seeker){ .found = on_found, .heard = on_found };
    redis_locator_join(locator, &(*out)->seeker);
    return ST_OK;
}

static void fail_calls(struct redis_connection *c)
{
    while (c->first < c->last) {
        struct redis_call *call = c->calls[c->first++];
        call->done(call, NULL, c->first % 2);
    }
    c->first = c->last = 0;
}

void redis_connection_drop(struct redis_connection *c, const char *why)
{
    bool was_ready = c->ready;

    MUST(strlen(why) < 1 << 20);
    c->ready = c->subscribed = false;
    fail_calls(c);
    if (was_ready && c->watch.lost)
        c->watch.lost(c->watch.arg);
}

void redis_connection_stop(struct redis_connection *c)
{
    c->ready = false;
    fail_calls(c);
}

void redis_connection_free(struct redis_connection *c)
{
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        if (connections[i] == c)
            connections[i] = NULL;
    redis_locator_leave(c->locator, &c->seeker);
    free(c);
}

bool redis_connection_ready(const struct redis_connection *c)
{
    return c->ready;
}

const struct redis_endpoint *redis_connection_where(const struct redis_connection *c)
{
    return &c->where;
}

struct redis_locator *redis_connection_locator(const struct redis_connection *c)
{
    return c->locator;
}

static enum status expect(struct redis_connection *c, struct redis_call *call)
{
    if (!c->ready || c->last == CALLS_MAX)
        return ST_UNAVAILABLE;
    c->calls[c->last++] = call;
    return ST_OK;
}

enum status redis_connection_send(struct redis_connection *c, const struct redis_wire *wire,
                                  struct redis_call *call)
{
    MUST(wire->len > 0 && wire->text[0] == '*');
    return expect(c, call);
}

enum status redis_connection_say(struct redis_connection *c, const struct redis_words *words,
                                 struct redis_call *call)
{
    MUST(words->count > 0 && words->count <= REDIS_WORDS_MAX);
    return expect(c, call);
}

enum status redis_connection_subscribe(struct redis_connection *c, const struct redis_words *words)
{
    (void)words;
    c->subscribed = c->ready;
    return c->ready ? ST_OK : ST_UNAVAILABLE;
}

/* --- what Redis says --- */

static void connect_all(void)
{
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        struct redis_connection *c = connections[i];
        if (!c || c->ready)
            continue;
        c->seeker.asking = true;
        redis_locator_ask(c->locator, &c->seeker);
        c->ready = true;
        if (c->watch.ready)
            c->watch.ready(c->watch.arg);
    }
}

/* To the first that waits for one; listeners hear what nobody waits for. */
static void deliver(const redisReply *reply)
{
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        struct redis_connection *c = connections[i];
        if (!c || c->first == c->last)
            continue;
        struct redis_call *call = c->calls[c->first++];
        call->done(call, reply, true);
        return;
    }
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        if (connections[i] && connections[i]->ready && connections[i]->subscribed) {
            connections[i]->watch.push(connections[i]->watch.arg, reply);
            return;
        }
}

/* --- who asks --- */

static unsigned asked, ended, heard;

static void on_end(void *arg, enum status st, struct slice value)
{
    (void)arg;
    MUST(st == ST_OK || value.len == 0);
    ended++;
}

static void on_listening(void *arg)
{
    (void)arg;
}

static void on_message(void *arg, struct slice message)
{
    (void)arg;
    heard += message.len > 0;
}

static void ask(struct store *store, unsigned which)
{
    struct store_key key = { .space = (enum store_space)(which % STORE_SPACE_COUNT), .id = { 1 } };
    const struct store_channel channel = { { 0 } };

    switch (which % 6) {
    case 0:
        store_create(store, &key, SLICE_LIT("a value"), 1000, on_end, NULL);
        break;
    case 1:
        store_put(store, &key, SLICE_LIT("another"), 1000, on_end, NULL);
        break;
    case 2:
        store_get(store, &key, on_end, NULL);
        break;
    case 3:
        store_take(store, &key, on_end, NULL);
        break;
    case 4:
        store_mark(store, &key, 1000, on_end, NULL);
        break;
    default:
        store_publish(store, &channel, SLICE_LIT("message"), on_end, NULL);
        break;
    }
    asked++;
}

/* --- one life of a store --- */

static const char *const urls[] = { "redis://127.0.0.1", "redis+sentinel://127.0.0.1/name",
                                    "redis+cluster://127.0.0.1" };

static void talk(struct store *store, struct event_base *base, struct slice text)
{
    redisReader *reader = redisReaderCreate();
    void *reply = NULL;

    MUST(reader);
    redisReaderFeed(reader, (const char *)text.data, text.len);
    for (unsigned turn = 0; turn < 64; turn++) {
        connect_all();
        ask(store, turn);
        if (redisReaderGetReply(reader, &reply) != REDIS_OK || !reply)
            break;
        deliver(reply);
        freeReplyObject(reply);
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
    redisReaderFree(reader);
}

static void live(const struct store_redis_settings *settings, struct slice text)
{
    static struct log *log;
    struct event_base *base = event_base_new();
    struct store *store;
    struct store_subscription *subscription;
    const char *why;
    const struct store_channel channel = { { 0 } };
    const struct store_subscriber who = { .listening = on_listening, .message = on_message };

    MUST(base && (log || log_new("/dev/null", LOG_DEBUG, &log) == ST_OK));
    asked = ended = 0;
    MUST(store_redis_open(settings, base, log, &store, &why) == ST_OK);
    MUST(store_subscribe(store, &channel, &who, &subscription) == ST_OK);
    talk(store, base, text);
    store_free(store);
    MUST(asked == ended);
    event_base_free(base);
}

static void ignore_slots(void *arg, uint16_t first, uint16_t last,
                         const struct redis_endpoint *master)
{
    (void)arg;
    MUST(first <= last && last < REDIS_SLOT_COUNT && memchr(master->host, 0, sizeof master->host));
}

static void read_alone(struct slice text)
{
    struct redis_endpoint here = { .host = "127.0.0.1", .port = 6379 };
    struct redis_redirection to;
    struct redis_url url;
    const char *why;
    char *copy = strndup((const char *)text.data, text.len);
    redisReader *reader = redisReaderCreate();
    void *reply = NULL;

    MUST(copy && reader);
    if (redis_redirection_read(copy, &here, &to) == ST_OK)
        MUST(to.slot < REDIS_SLOT_COUNT);
    if (redis_url_read(copy, &url, &why) == ST_OK)
        MUST(url.seed_count > 0 && url.seed_count <= REDIS_SEEDS_MAX);
    redisReaderFeed(reader, (const char *)text.data, text.len);
    if (redisReaderGetReply(reader, &reply) == REDIS_OK && reply)
        (void)!redis_slots_read(reply, &here, ignore_slots, NULL);
    freeReplyObject(reply);
    redisReaderFree(reader);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct store_redis_settings settings = STORE_REDIS_DEFAULTS;

    if (len < 2 || len > 4096)
        return 0;
    settings.url = urls[data[0] % 3];
    settings.replicas = data[0] / 4 % 3;
    live(&settings, (struct slice){ data + 1, len - 1 });
    read_alone((struct slice){ data + 1, len - 1 });
    return 0;
}
