#include "store_redis.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "base64url.h"
#include "redis_pubsub.h"
#include "redis_router.h"

const struct store_redis_settings STORE_REDIS_DEFAULTS = {
    .url = "redis://127.0.0.1",
    .prefix = "vouchsafe",
    .command_timeout_ms = 1000,
    .connect_timeout_ms = 2000,
    .backoff_min_ms = 50,
    .backoff_max_ms = 2000,
    .pending_max = 10000,
    .watch_ms = 500,
    .replicas = 0,
    .replica_timeout_ms = 100,
};

enum { PREFIX_MAX = 64, KEY_MAX = PREFIX_MAX + 16 + BASE64URL_LEN(STORE_ID_LEN) };
enum { REDIRECTIONS_MAX = 5 };

/* What is forgotten of these was drawn at random and is then not found, which is
 * a refusal. Of all others the first one must stay the first. */
static const struct {
    const char *name;
    bool may_forget_creation;
} spaces[STORE_SPACE_COUNT] = {
    [STORE_CHALLENGE] = { "challenge", true }, [STORE_SPENT] = { "spent", false },
    [STORE_REQUEST] = { "request", true },     [STORE_BINDING] = { "binding", false },
    [STORE_DEVICE] = { "device", false },
};

struct handle {
    struct store store;
    struct redis_access access;
    struct redis_router *router; /* NULL: this is the end */
    struct redis_pubsub *pubsub; /* NULL until somebody subscribes, and at the end */
    char prefix[PREFIX_MAX + 1];
    size_t pending_max;

    size_t pending;
    struct command *failed, **last_failed; /* answered when the loop comes round */
    struct event *wake;
};

/* How a kind of command reads its reply. */
struct command_kind {
    enum status (*outcome)(const redisReply *reply);
    bool changes; /* so that it is not known, without an answer, what there is now */
};

struct command {
    struct redis_command redis; /* must be first */
    struct handle *handle;
    const struct command_kind *kind;
    store_fn *done;
    void *arg;
    enum status st; /* as far as is known */
    unsigned redirections;
    uint8_t *value; /* kept while replicas are waited for */
    size_t value_len;
    char *redirection; /* the same */
    struct command *next_failed;
};

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

static const struct command_kind CREATE = { created, true };
static const struct command_kind PUT = { replaced, true };
static const struct command_kind GET = { found, false };
static const struct command_kind TAKE = { found, true };
static const struct command_kind PUBLISH = { published, true };

/* --- the end of a command --- */

static void finish(struct command *command, enum status st, struct slice value)
{
    store_fn *done = command->done;
    void *arg = command->arg;
    uint8_t *kept = command->value;

    command->handle->pending--;
    redis_wire_clear(&command->redis.wire);
    free(command->redirection);
    free(command);
    done(arg, st, value);
    free(kept);
}

static void finish_empty(struct command *command, enum status st)
{
    finish(command, st, (struct slice){ NULL, 0 });
}

static bool send_on(struct command *command, const char *error);

static void on_kept(struct redis_command *redis)
{
    struct command *command = (struct command *)redis;
    char *redirection = command->redirection;

    command->redirection = NULL;
    if (!redirection)
        finish(command, command->st, (struct slice){ command->value, command->value_len });
    else if (!send_on(command, redirection))
        finish_empty(command, ST_UNAVAILABLE);
    free(redirection);
}

static void on_failed(struct redis_command *redis, enum redis_failure how)
{
    struct command *command = (struct command *)redis;

    /* What was redirected was not done. */
    finish_empty(command, how != REDIS_NOT_SENT && !command->redirection && command->kind->changes
                              ? ST_LOST
                              : ST_UNAVAILABLE);
}

static bool begins_with(const char *error, const char *word)
{
    return strncmp(error, word, strlen(word)) == 0;
}

/* Errors that say this Redis will not do for a while: begin anew, role and all. */
static bool is_unfit(const char *error)
{
    return begins_with(error, "READONLY ") || begins_with(error, "LOADING ") ||
           begins_with(error, "MASTERDOWN ") || begins_with(error, "NOAUTH ");
}

/* Of many at once: why the other master is not there is logged once, elsewhere. */
static void note_refusal(const struct handle *h, const char *error)
{
    if (!begins_with(error, "ASK ") && !begins_with(error, "MOVED "))
        log_note(h->access.log, LOG_ERROR, "redis refuses", "why", error);
}

/* A command that was redirected has not been done: it goes where it belongs. */
static bool send_on(struct command *command, const char *error)
{
    struct redis_command *redis = &command->redis;

    if (command->redirections == REDIRECTIONS_MAX)
        return false;
    command->redirections++;
    struct redis_lane *lane =
        redis_router_redirected(command->handle->router, redis, error, &redis->says_asking);
    return lane && redis_lane_send(lane, redis) == ST_OK;
}

/* Keys on their way to another master are deleted here. A replica that has not
 * heard of it has them still, and may become master with the slot; so the command
 * goes after them only when replicas have heard. */
static bool waits_to_go_on(struct command *command, const char *error)
{
    if (!begins_with(error, "ASK ") || !redis_lane_durable(command->redis.lane))
        return false;
    command->redirection = strdup(error);
    if (!command->redirection)
        abort(); /* as in keep_value */
    return true;
}

static void on_error(struct command *command, const char *error)
{
    const struct handle *h = command->handle;
    struct redis_lane *lane = command->redis.lane;

    if (send_on(command, error))
        return;
    note_refusal(h, error);
    finish_empty(command, ST_UNAVAILABLE);
    if (is_unfit(error))
        redis_lane_drop(lane, error);
}

/* Without memory for so little nobody can be answered any more: end, and be
 * started anew. */
static void keep_value(struct command *command, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_STRING)
        return;
    command->value = malloc(reply->len + 1);
    if (!command->value)
        abort();
    memcpy(command->value, reply->str, reply->len + 1);
    command->value_len = reply->len;
}

static bool on_answered(struct redis_command *redis, const redisReply *reply)
{
    struct command *command = (struct command *)redis;

    if (reply->type == REDIS_REPLY_ERROR && waits_to_go_on(command, reply->str))
        return true;
    if (reply->type == REDIS_REPLY_ERROR) {
        on_error(command, reply->str);
        return false;
    }
    command->st = command->kind->outcome(reply);
    /* What is not there, or there already, is so whoever forgets it. */
    if (command->st == ST_OK && redis_lane_durable(redis->lane)) {
        keep_value(command, reply);
        return true;
    }
    if (command->st == ST_OK && reply->type == REDIS_REPLY_STRING)
        finish(command, ST_OK, (struct slice){ (const uint8_t *)reply->str, reply->len });
    else
        finish_empty(command, command->st);
    return false;
}

static const struct redis_command_ops command_ops = {
    .answered = on_answered,
    .kept = on_kept,
    .failed = on_failed,
};

/* --- its beginning --- */

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    struct handle *h = arg;
    struct command *command = h->failed;

    (void)fd, (void)what;
    h->failed = NULL;
    h->last_failed = &h->failed;
    while (command) {
        struct command *next = command->next_failed;
        finish_empty(command, command->st);
        command = next;
    }
}

static void fail_later(struct command *command, enum status st)
{
    struct handle *h = command->handle;

    command->st = st;
    *h->last_failed = command;
    h->last_failed = &command->next_failed;
    event_active(h->wake, EV_TIMEOUT, 0);
}

static struct command *begin(struct handle *h, const struct command_kind *kind, store_fn *done,
                             void *arg)
{
    struct command *command = calloc(1, sizeof *command);

    if (!command)
        abort(); /* as in keep_value */
    *command = (struct command){
        .redis = { .ops = &command_ops,
                   .deadline = clock_steady(&SYSTEM_CLOCK) + h->access.command_timeout_ms },
        .handle = h,
        .kind = kind,
        .done = done,
        .arg = arg,
    };
    h->pending++;
    return command;
}

/* The second word is the key, or a channel, which any master takes. */
static enum status send_command(struct handle *h, const struct redis_words *words, bool durable,
                                struct command *command)
{
    if (h->pending > h->pending_max)
        return ST_BUSY;
    if (!h->router)
        return ST_UNAVAILABLE;
    struct redis_lane *lane = redis_router_lane(h->router, words->words[1], durable);
    if (!lane)
        return ST_UNAVAILABLE;
    enum status st = redis_wire_init(&command->redis.wire, words);
    return st ? st : redis_lane_send(lane, &command->redis);
}

static void run(struct handle *h, const struct command_kind *kind, const struct redis_words *words,
                bool durable, store_fn *done, void *arg)
{
    struct command *command = begin(h, kind, done, arg);
    enum status st = send_command(h, words, durable, command);

    if (st)
        fail_later(command, st);
}

/* "prefix:space:id" */
static struct slice write_key(const struct handle *h, const struct store_key *key,
                              uint8_t text[static KEY_MAX])
{
    struct writer w = writer_over(text, KEY_MAX);

    writer_text(&w, h->prefix);
    writer_byte(&w, ':');
    writer_text(&w, spaces[key->space].name);
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
    run(h, kind, &words, kind == &PUT || !spaces[key->space].may_forget_creation, done, arg);
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

    run(h, &GET, &words, false, done, arg);
}

/* "Exactly once" rests on GETDEL being one atomic command (Redis 6.2), and on no
 * replica that becomes master having missed it. */
static void redis_take(struct store *s, const struct store_key *key, store_fn *done, void *arg)
{
    struct handle *h = (struct handle *)s;
    uint8_t name[KEY_MAX];
    const struct redis_words words = { 2, { SLICE_LIT("GETDEL"), write_key(h, key, name) } };

    run(h, &TAKE, &words, true, done, arg);
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
        fail_later(begin(h, &PUBLISH, done, arg), ST_TOO_LARGE);
    else
        run(h, &PUBLISH, &words, false, done, arg);
}

static enum status redis_subscribe(struct store *s, const struct store_channel *channel,
                                   const struct store_subscriber *who,
                                   struct store_subscription **out)
{
    struct handle *h = (struct handle *)s;

    if (!h->router)
        return ST_UNAVAILABLE;
    enum status st = h->pubsub ? ST_OK
                               : redis_pubsub_new(&h->access, redis_router_locator(h->router),
                                                  h->prefix, &h->pubsub);

    return st ? st : redis_pubsub_subscribe(h->pubsub, channel, who, out);
}

static void redis_unsubscribe(struct store *s, struct store_subscription *subscription)
{
    struct handle *h = (struct handle *)s;

    if (h->pubsub)
        redis_pubsub_unsubscribe(h->pubsub, subscription);
}

/* --- life --- */

static bool redis_ready(const struct store *s)
{
    return redis_router_ready(((const struct handle *)s)->router);
}

/* Whoever is told that its call fails may call again, and fails at once. */
static void redis_free(struct store *s)
{
    struct handle *h = (struct handle *)s;
    struct redis_router *router = h->router;
    struct redis_pubsub *pubsub = h->pubsub;

    h->router = NULL;
    h->pubsub = NULL;
    redis_pubsub_free(pubsub);
    redis_router_free(router);
    while (h->failed)
        on_wake(-1, 0, h);
    redis_access_clear(&h->access);
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
    *why = "the prefix is empty or longer than 64 bytes";
    if (settings->prefix[0] == '\0' ||
        slice_copy_text(slice_of(settings->prefix), h->prefix, sizeof h->prefix))
        return ST_INVALID;
    *why = "no memory";
    h->wake = event_new(h->access.base, -1, 0, on_wake, h);
    return h->wake ? redis_router_new(&h->access, &h->router) : ST_NO_MEMORY;
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
    h->last_failed = &h->failed;
    enum status st = redis_access_init(&h->access, settings, base, log, why);
    if (!st)
        st = open_parts(h, settings, why);
    if (st)
        redis_free(&h->store);
    else
        *out = &h->store;
    return st;
}
