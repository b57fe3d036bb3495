#include "store_redis.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "base64url.h"
#include "redis_connection.h"
#include "redis_pubsub.h"

const struct store_redis_settings STORE_REDIS_DEFAULTS = {
    .url = "redis://127.0.0.1",
    .prefix = "vouchsafe",
    .command_timeout_ms = 1000,
    .connect_timeout_ms = 2000,
    .backoff_min_ms = 50,
    .backoff_max_ms = 2000,
    .pending_max = 10000,
};

enum { PREFIX_MAX = 64, KEY_MAX = PREFIX_MAX + 16 + BASE64URL_LEN(STORE_ID_LEN) };

static const char *const space_names[STORE_SPACE_COUNT] = {
    [STORE_CHALLENGE] = "challenge",
    [STORE_SPENT] = "spent",
    [STORE_REQUEST] = "request",
    [STORE_BINDING] = "binding",
};

struct handle;

/* How a kind of command reads its reply. */
struct command_kind {
    enum status (*outcome)(const redisReply *reply);
    enum status when_lost; /* written, and no answer came */
};

struct command {
    struct redis_call call; /* first: a call is a command */
    struct handle *handle;
    const struct command_kind *kind;
    store_fn *done;
    void *arg;
    uint64_t deadline;
    enum status failure; /* of one that was never sent */
    struct command *next;
};

struct queue {
    struct command *first, **last;
};

struct handle {
    struct store store;
    struct redis_access access;
    struct redis_connection *connection;
    struct redis_pubsub *pubsub; /* NULL until somebody subscribes */
    char prefix[PREFIX_MAX + 1];
    size_t pending_max;

    size_t pending;
    struct queue sent;   /* oldest first, as their replies come */
    struct queue failed; /* answered when the loop comes round */
    struct event *deadline, *wake;
};

/* --- queues --- */

static void queue_init(struct queue *q)
{
    q->first = NULL;
    q->last = &q->first;
}

static void queue_add(struct queue *q, struct command *command)
{
    command->next = NULL;
    *q->last = command;
    q->last = &command->next;
}

static struct command *queue_take(struct queue *q)
{
    struct command *command = q->first;

    if (!command)
        return NULL;
    q->first = command->next;
    if (!q->first)
        q->last = &q->first;
    return command;
}

/* --- replies --- */

static bool is_text(const redisReply *reply, const char *text)
{
    return reply->type == REDIS_REPLY_STATUS && strcmp(reply->str, text) == 0;
}

/* SET ... NX answers nil if the key is there. */
static enum status created(const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_NIL)
        return ST_EXISTS;
    return is_text(reply, "OK") ? ST_OK : ST_UNAVAILABLE;
}

static enum status replaced(const redisReply *reply)
{
    return is_text(reply, "OK") ? ST_OK : ST_UNAVAILABLE;
}

static enum status found(const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_NIL)
        return ST_NOT_FOUND;
    return reply->type == REDIS_REPLY_STRING ? ST_OK : ST_UNAVAILABLE;
}

/* How many heard it; in a cluster, how many at that node. */
static enum status published(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_INTEGER ? ST_OK : ST_UNAVAILABLE;
}

static const struct command_kind CREATE = { created, ST_LOST };
static const struct command_kind PUT = { replaced, ST_LOST };
static const struct command_kind GET = { found, ST_UNAVAILABLE }; /* reading changes nothing */
static const struct command_kind TAKE = { found, ST_LOST };
static const struct command_kind PUBLISH = { published, ST_LOST };

/* Errors that say this Redis will not do for a while: begin anew, role and all. */
static bool is_unfit(const char *error)
{
    static const char *const words[] = { "READONLY ", "LOADING ", "MASTERDOWN ", "NOAUTH " };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strncmp(error, words[i], strlen(words[i])) == 0)
            return true;
    return false;
}

static void finish(struct command *command, enum status st, struct slice value)
{
    store_fn *done = command->done;
    void *arg = command->arg;

    command->handle->pending--;
    free(command);
    done(arg, st, value);
}

static void finish_empty(struct command *command, enum status st)
{
    finish(command, st, (struct slice){ NULL, 0 });
}

static void on_error(struct command *command, const char *error)
{
    struct handle *h = command->handle;

    log_note(h->access.log, LOG_ERROR, "redis refuses", "why", error);
    finish_empty(command, ST_UNAVAILABLE);
    if (is_unfit(error) && redis_connection_ready(h->connection))
        redis_connection_drop(h->connection, error);
}

static void on_reply(struct redis_call *call, const redisReply *reply, bool written)
{
    struct command *command = (struct command *)(void *)call;

    queue_take(&command->handle->sent); /* replies come in order: it is this one */
    if (!reply) {
        finish_empty(command, written ? command->kind->when_lost : ST_UNAVAILABLE);
        return;
    }
    if (reply->type == REDIS_REPLY_ERROR) {
        on_error(command, reply->str);
        return;
    }
    enum status st = command->kind->outcome(reply);
    if (st == ST_OK && reply->type == REDIS_REPLY_STRING)
        finish(command, st, (struct slice){ (const uint8_t *)reply->str, reply->len });
    else
        finish_empty(command, st);
}

/* --- deadlines: all wait equally long, so the oldest is due first --- */

static void set_deadline(struct handle *h, uint64_t now)
{
    uint64_t left = h->sent.first->deadline > now ? h->sent.first->deadline - now : 0;
    const struct timeval delay = { .tv_sec = (time_t)(left / 1000),
                                   .tv_usec = (suseconds_t)(left % 1000) * 1000 };

    event_add(h->deadline, &delay);
}

/* A Redis that is silent to one command is silent to those behind it. The whole
 * connection goes, and no reply can come late. */
static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    struct handle *h = arg;
    uint64_t now = clock_steady(&SYSTEM_CLOCK);

    (void)fd, (void)what;
    if (h->sent.first && h->sent.first->deadline <= now)
        redis_connection_drop(h->connection, "no answer in time");
    if (h->sent.first)
        set_deadline(h, now);
}

/* --- commands --- */

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    struct handle *h = arg;
    struct queue failed = h->failed;
    struct command *command;

    (void)fd, (void)what;
    if (!failed.first)
        return;
    queue_init(&h->failed);
    while ((command = failed.first)) {
        failed.first = command->next;
        finish_empty(command, command->failure);
    }
}

static enum status send_command(struct handle *h, const struct redis_words *words,
                                struct command *command)
{
    if (h->pending > h->pending_max)
        return ST_BUSY;
    return redis_connection_send(h->connection, words, &command->call);
}

static void fail_later(struct handle *h, struct command *command, enum status st)
{
    command->failure = st;
    queue_add(&h->failed, command);
    event_active(h->wake, EV_TIMEOUT, 0);
}

/* Without memory for so little nobody can be answered any more: end, and be
 * started anew. */
static struct command *command_new(void)
{
    struct command *command = calloc(1, sizeof *command);

    if (!command)
        abort();
    return command;
}

static struct command *begin(struct handle *h, const struct command_kind *kind, store_fn *done,
                             void *arg)
{
    struct command *command = command_new();

    *command = (struct command){
        .call = { .done = on_reply }, .handle = h, .kind = kind, .done = done, .arg = arg
    };
    h->pending++;
    return command;
}

static void run(struct handle *h, const struct command_kind *kind, const struct redis_words *words,
                store_fn *done, void *arg)
{
    uint64_t now = clock_steady(&SYSTEM_CLOCK);
    struct command *command = begin(h, kind, done, arg);
    enum status st = send_command(h, words, command);

    if (st) {
        fail_later(h, command, st);
        return;
    }
    command->deadline = now + h->access.command_timeout_ms;
    queue_add(&h->sent, command);
    if (!event_pending(h->deadline, EV_TIMEOUT, NULL))
        set_deadline(h, now);
}

/* "prefix:space:id" */
static struct slice write_key(const struct handle *h, const struct store_key *key,
                              uint8_t text[static KEY_MAX])
{
    struct writer w = writer_over(text, KEY_MAX);

    writer_text(&w, h->prefix);
    writer_byte(&w, ':');
    writer_text(&w, space_names[key->space]);
    writer_byte(&w, ':');
    base64url_write(&w, (struct slice){ key->id, sizeof key->id });
    return writer_slice(&w);
}

/* SET key value PX ttl [NX] */
static void set(struct store *s, const struct command_kind *kind, const struct store_key *key,
                struct slice value, uint32_t ttl_ms, store_fn *done, void *arg)
{
    struct handle *h = (struct handle *)s;
    uint8_t name[KEY_MAX], digits[20];
    struct writer ttl = writer_over(digits, sizeof digits);

    writer_decimal(&ttl, ttl_ms ? ttl_ms : 1); /* Redis knows no 0 */
    struct redis_words words = {
        5, { SLICE_LIT("SET"), write_key(h, key, name), value, SLICE_LIT("PX"), writer_slice(&ttl) }
    };
    if (kind == &CREATE)
        words.words[words.count++] = SLICE_LIT("NX");
    run(h, kind, &words, done, arg);
}

static void redis_create(struct store *s, const struct store_key *key, struct slice value,
                         uint32_t ttl_ms, store_fn *done, void *arg)
{
    set(s, &CREATE, key, value, ttl_ms, done, arg);
}

static void redis_put(struct store *s, const struct store_key *key, struct slice value,
                      uint32_t ttl_ms, store_fn *done, void *arg)
{
    set(s, &PUT, key, value, ttl_ms, done, arg);
}

static void redis_get(struct store *s, const struct store_key *key, store_fn *done, void *arg)
{
    struct handle *h = (struct handle *)s;
    uint8_t name[KEY_MAX];
    const struct redis_words words = { 2, { SLICE_LIT("GET"), write_key(h, key, name) } };

    run(h, &GET, &words, done, arg);
}

/* "Exactly once" rests on GETDEL being one atomic command (Redis 6.2). */
static void redis_take(struct store *s, const struct store_key *key, store_fn *done, void *arg)
{
    struct handle *h = (struct handle *)s;
    uint8_t name[KEY_MAX];
    const struct redis_words words = { 2, { SLICE_LIT("GETDEL"), write_key(h, key, name) } };

    run(h, &TAKE, &words, done, arg);
}

/* --- messages --- */

static void redis_publish(struct store *s, const struct store_channel *channel,
                          struct slice message, store_fn *done, void *arg)
{
    struct handle *h = (struct handle *)s;
    uint8_t name[REDIS_CHANNEL_MAX];
    const struct redis_words words = {
        3, { SLICE_LIT("PUBLISH"), redis_channel_name(h->prefix, channel, name), message }
    };

    if (message.len > STORE_MESSAGE_MAX)
        fail_later(h, begin(h, &PUBLISH, done, arg), ST_TOO_LARGE);
    else
        run(h, &PUBLISH, &words, done, arg);
}

static enum status redis_subscribe(struct store *s, const struct store_channel *channel,
                                   const struct store_subscriber *who,
                                   struct store_subscription **out)
{
    struct handle *h = (struct handle *)s;
    enum status st = h->pubsub ? ST_OK : redis_pubsub_new(&h->access, h->prefix, &h->pubsub);

    return st ? st : redis_pubsub_subscribe(h->pubsub, channel, who, out);
}

static void redis_unsubscribe(struct store *s, struct store_subscription *subscription)
{
    redis_pubsub_unsubscribe(((struct handle *)s)->pubsub, subscription);
}

static bool redis_ready(const struct store *s)
{
    return redis_connection_ready(((const struct handle *)s)->connection);
}

static void redis_free(struct store *s)
{
    struct handle *h = (struct handle *)s;

    if (h->connection)
        redis_connection_stop(h->connection);
    while (h->failed.first)
        on_wake(-1, 0, h);
    redis_pubsub_free(h->pubsub);
    if (h->connection)
        redis_connection_free(h->connection);
    redis_access_clear(&h->access);
    if (h->deadline)
        event_free(h->deadline);
    if (h->wake)
        event_free(h->wake);
    free(h);
}

static const struct store_ops redis_ops = {
    .create = redis_create,
    .put = redis_put,
    .get = redis_get,
    .take = redis_take,
    .publish = redis_publish,
    .subscribe = redis_subscribe,
    .unsubscribe = redis_unsubscribe,
    .ready = redis_ready,
    .free = redis_free,
};

static enum status open_parts(struct handle *h, const struct store_redis_settings *settings,
                              const char **why)
{
    const struct redis_watch watch = { .arg = h };

    *why = "the prefix is empty or longer than 64 bytes";
    if (settings->prefix[0] == '\0' ||
        slice_copy_text(slice_of(settings->prefix), h->prefix, sizeof h->prefix))
        return ST_INVALID;
    *why = "no memory";
    h->deadline = evtimer_new(h->access.base, on_deadline, h);
    h->wake = event_new(h->access.base, -1, 0, on_wake, h);
    if (!h->deadline || !h->wake)
        return ST_NO_MEMORY;
    return redis_connection_new(&h->access, &watch, &h->connection);
}

enum status store_redis_open(const struct store_redis_settings *settings, struct event_base *base,
                             struct log *log, struct store **out, const char **why)
{
    struct handle *h = calloc(1, sizeof *h);

    *why = "no memory";
    if (!h)
        return ST_NO_MEMORY;
    h->store.ops = &redis_ops;
    h->pending_max = settings->pending_max;
    queue_init(&h->sent);
    queue_init(&h->failed);
    enum status st = redis_access_init(&h->access, settings, base, log, why);
    if (!st)
        st = open_parts(h, settings, why);
    if (st)
        redis_free(&h->store);
    else
        *out = &h->store;
    return st;
}
