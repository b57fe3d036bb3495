#include "redis_connection.h"

#include <hiredis/async.h>
#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "redis_loop.h"
#include "redis_resolver.h"
#include "secret.h"

/* Down: the timer is the next attempt. Connecting: it is the attempt's deadline. */
enum state { DOWN, CONNECTING, READY, STOPPED };

/* What is said first on a new connection. */
struct hello {
    struct redis_call auth, select, role;
};

struct redis_connection {
    const struct redis_access *access;
    struct redis_locator *locator;
    struct redis_seeker seeker;
    enum redis_role role;
    struct redis_watch watch;

    enum state state;
    struct event *timer;
    uint32_t backoff_ms;
    struct redis_endpoint where;
    struct redis_resolver *resolver;
    redisAsyncContext *context; /* NULL: none, or hiredis is freeing it */
    uint64_t handed;            /* bytes given to the context */
    struct hello hello;
};

#define CONNECTION_OF(pointer, member)                                                             \
    ((struct redis_connection *)(void *)((char *)(pointer)-offsetof(struct redis_connection,       \
                                                                    member)))

bool redis_connection_ready(const struct redis_connection *c)
{
    return c->state == READY;
}

const struct redis_endpoint *redis_connection_where(const struct redis_connection *c)
{
    return &c->where;
}

struct redis_locator *redis_connection_locator(const struct redis_connection *c)
{
    return c->locator;
}

/* --- going down --- */

static void set_timer(struct redis_connection *c, uint32_t ms)
{
    const struct timeval delay = redis_timeval(ms);

    event_add(c->timer, &delay);
}

/* Between half of the current step and all of it, so that many who lost one
 * Redis do not come back as one. */
static void wait_before_next(struct redis_connection *c)
{
    uint32_t random, half = c->backoff_ms / 2;

    crypto_random((uint8_t *)&random, sizeof random);
    set_timer(c, half + random % (c->backoff_ms - half + 1));
    c->backoff_ms = c->backoff_ms > c->access->backoff_max_ms / 2 ? c->access->backoff_max_ms
                                                                  : c->backoff_ms * 2;
}

static void note(const struct redis_connection *c, enum log_level level, const char *event,
                 const char *why)
{
    struct log_line line;

    log_begin(&line, c->access->log, level, event);
    log_word(&line, "host", redis_endpoint_text(&c->where));
    log_int(&line, "port", c->where.port);
    if (why)
        log_word(&line, "why", why);
    log_end(&line);
}

/* The context is hiredis's to free from here on. */
static void go_down(struct redis_connection *c, const char *why)
{
    bool was_ready = c->state == READY;

    c->context = NULL;
    if (c->state == STOPPED)
        return;
    note(c, LOG_WARN, was_ready ? "redis lost" : "redis not reached", why);
    redis_locator_cancel(&c->seeker);
    redis_resolver_cancel(c->resolver);
    c->state = DOWN;
    wait_before_next(c);
    if (was_ready && c->watch.lost)
        c->watch.lost(c->watch.arg);
}

void redis_connection_drop(struct redis_connection *c, const char *why)
{
    redisAsyncContext *context = c->context;

    go_down(c, why);
    if (context)
        redisAsyncFree(context);
}

/* --- calls --- */

static void go_down_with(redisAsyncContext *context)
{
    struct redis_connection *c = context->data;

    if (c->context == context)
        go_down(c, context->errstr ? context->errstr : "closed");
}

/* What hiredis has not written yet is at the end of what it was given. */
static void on_reply(redisAsyncContext *context, void *reply, void *arg)
{
    const struct redis_connection *c = context->data;
    struct redis_call *call = arg;
    uint64_t written = c->handed - (context->c.obuf ? sdslen(context->c.obuf) : 0);

    if (!reply)
        go_down_with(context);
    call->done(call, reply, reply || call->starts_at < written);
}

static void on_push(redisAsyncContext *context, void *reply, void *arg)
{
    const struct redis_connection *c = context->data;

    (void)arg;
    if (!reply)
        go_down_with(context);
    else if (c->state == READY)
        c->watch.push(c->watch.arg, reply);
}

static enum status hand_over(struct redis_connection *c, const struct redis_wire *wire,
                             redisCallbackFn *fn, void *arg)
{
    if (redisAsyncFormattedCommand(c->context, fn, arg, wire->text, wire->len) != REDIS_OK)
        return ST_UNAVAILABLE;
    c->handed += wire->len;
    return ST_OK;
}

static enum status hand_over_words(struct redis_connection *c, const struct redis_words *words,
                                   redisCallbackFn *fn, void *arg)
{
    struct redis_wire wire;
    enum status st = redis_wire_init(&wire, words);

    if (st)
        return st;
    st = hand_over(c, &wire, fn, arg);
    redis_wire_clear(&wire);
    return st;
}

static enum status ask(struct redis_connection *c, const struct redis_words *words,
                       struct redis_call *call)
{
    call->starts_at = c->handed;
    return hand_over_words(c, words, on_reply, call);
}

static bool takes_commands(const struct redis_connection *c)
{
    return c->state == READY && c->context;
}

enum status redis_connection_send(struct redis_connection *c, const struct redis_wire *wire,
                                  struct redis_call *call)
{
    if (!takes_commands(c))
        return ST_UNAVAILABLE;
    call->starts_at = c->handed;
    return hand_over(c, wire, on_reply, call);
}

enum status redis_connection_say(struct redis_connection *c, const struct redis_words *words,
                                 struct redis_call *call)
{
    return takes_commands(c) ? ask(c, words, call) : ST_UNAVAILABLE;
}

enum status redis_connection_subscribe(struct redis_connection *c, const struct redis_words *words)
{
    return takes_commands(c) ? hand_over_words(c, words, on_push, NULL) : ST_UNAVAILABLE;
}

/* --- what is said first --- */

/* A connection on which this failed is of no use. */
static bool accept_reply(struct redis_connection *c, const redisReply *reply)
{
    if (reply && reply->type != REDIS_REPLY_ERROR)
        return c->state == CONNECTING;
    if (reply && c->state == CONNECTING)
        redis_connection_drop(c, reply->str);
    return false;
}

static void on_auth(struct redis_call *call, const redisReply *reply, bool written)
{
    (void)written;
    accept_reply(CONNECTION_OF(call, hello.auth), reply);
}

static void on_select(struct redis_call *call, const redisReply *reply, bool written)
{
    (void)written;
    accept_reply(CONNECTION_OF(call, hello.select), reply);
}

static bool has_role(const redisReply *reply, enum redis_role role)
{
    static const char *const names[] = {
        [REDIS_MASTER] = "master", [REDIS_A_SENTINEL] = "sentinel"
    };

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0 || !reply->element[0]->str)
        return false;
    return role == REDIS_ANY_ROLE || strcmp(reply->element[0]->str, names[role]) == 0;
}

static void on_role(struct redis_call *call, const redisReply *reply, bool written)
{
    struct redis_connection *c = CONNECTION_OF(call, hello.role);

    (void)written;
    if (!accept_reply(c, reply))
        return;
    if (!has_role(reply, c->role)) {
        redis_connection_drop(c, "its role is another");
        redis_locator_doubt(c->locator);
        return;
    }
    event_del(c->timer);
    c->state = READY;
    c->backoff_ms = c->access->backoff_min_ms;
    note(c, LOG_INFO, "redis ready", NULL);
    if (c->watch.ready)
        c->watch.ready(c->watch.arg);
}

static enum status say_auth(struct redis_connection *c)
{
    const struct redis_credentials *who =
        c->role == REDIS_A_SENTINEL ? &c->access->sentinel : &c->access->data;
    struct redis_words words = { .count = 0 };

    if (!who->password)
        return ST_OK;
    words.words[words.count++] = SLICE_LIT("AUTH");
    if (who->user)
        words.words[words.count++] = slice_of(who->user);
    words.words[words.count++] = secret_bytes(who->password);
    c->hello.auth.done = on_auth;
    return ask(c, &words, &c->hello.auth);
}

static enum status say_select(struct redis_connection *c)
{
    uint8_t digits[20];
    struct writer w = writer_over(digits, sizeof digits);

    if (c->access->url.db == 0 || c->role != REDIS_MASTER)
        return ST_OK;
    writer_decimal(&w, c->access->url.db);
    const struct redis_words words = { 2, { SLICE_LIT("SELECT"), writer_slice(&w) } };
    c->hello.select.done = on_select;
    return ask(c, &words, &c->hello.select);
}

static enum status say_role(struct redis_connection *c)
{
    const struct redis_words words = { 1, { SLICE_LIT("ROLE") } };

    c->hello.role.done = on_role;
    return ask(c, &words, &c->hello.role);
}

static void on_connect(const redisAsyncContext *context, int status)
{
    struct redis_connection *c = context->data;

    if (c->context != context)
        return;
    if (status != REDIS_OK) {
        go_down(c, context->errstr);
        return;
    }
    enum status st = say_auth(c);
    if (!st)
        st = say_select(c);
    if (!st)
        st = say_role(c);
    /* hiredis would not survive it if its context went here: the deadline ends an
     * attempt for which there was no memory. */
    if (st)
        note(c, LOG_ERROR, "redis not greeted", status_name(st));
}

static void on_disconnect(const redisAsyncContext *context, int status)
{
    struct redis_connection *c = context->data;

    (void)status;
    if (c->context == context)
        go_down(c, context->errstr ? context->errstr : "closed");
}

/* --- connecting --- */

static void adopt(struct redis_connection *c, redisAsyncContext *context)
{
    if (!context || context->err || redis_loop_join(context, c->access->base)) {
        go_down(c, context && context->errstr ? context->errstr : "no memory");
        if (context)
            redisAsyncFree(context);
        return;
    }
    c->context = context;
    c->handed = 0;
    context->data = c;
    redisAsyncSetConnectCallback(context, on_connect);
    redisAsyncSetDisconnectCallback(context, on_disconnect);
}

static void on_resolved(void *arg, const char *address)
{
    struct redis_connection *c = arg;

    if (address)
        adopt(c, redisAsyncConnect(address, c->where.port));
    else
        go_down(c, "its name is not resolved");
}

static void on_found(struct redis_seeker *s, const struct redis_endpoint *where)
{
    struct redis_connection *c = CONNECTION_OF(s, seeker);

    s->asking = false;
    c->where = *where;
    if (where->path[0])
        adopt(c, redisAsyncConnectUnix(where->path));
    else
        redis_resolver_ask(c->resolver, where->host, on_resolved, c);
}

static void on_heard(struct redis_seeker *s, const struct redis_endpoint *where)
{
    struct redis_connection *c = CONNECTION_OF(s, seeker);

    if ((c->state == READY || c->state == CONNECTING) && !redis_endpoint_equal(where, &c->where))
        redis_connection_drop(c, "the master is another");
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct redis_connection *c = arg;

    (void)fd, (void)what;
    if (c->state == CONNECTING) {
        redis_connection_drop(c, "no answer in time");
        return;
    }
    c->state = CONNECTING;
    set_timer(c, c->access->connect_timeout_ms);
    c->seeker.asking = true;
    redis_locator_ask(c->locator, &c->seeker);
}

/* --- life --- */

enum status redis_connection_new(const struct redis_access *access, struct redis_locator *locator,
                                 enum redis_role role, const struct redis_watch *watch,
                                 struct redis_connection **out)
{
    struct redis_connection *c = calloc(1, sizeof *c);

    if (!c)
        return ST_NO_MEMORY;
    c->access = access;
    c->locator = locator;
    c->role = role;
    c->watch = *watch;
    c->backoff_ms = access->backoff_min_ms;
    c->seeker = (struct redis_seeker){ .found = on_found, .heard = on_heard };
    redis_locator_join(locator, &c->seeker);
    c->timer = evtimer_new(access->base, on_timer, c);
    if (!c->timer || redis_resolver_new(access->dns, &c->resolver)) {
        redis_connection_free(c);
        return ST_NO_MEMORY;
    }
    set_timer(c, 0);
    *out = c;
    return ST_OK;
}

void redis_connection_stop(struct redis_connection *c)
{
    c->state = STOPPED;
    event_del(c->timer);
    redis_locator_cancel(&c->seeker);
    redis_resolver_cancel(c->resolver);
    redis_connection_drop(c, "stopped");
}

void redis_connection_free(struct redis_connection *c)
{
    redis_locator_leave(c->locator, &c->seeker);
    if (c->timer)
        event_free(c->timer);
    redis_resolver_free(c->resolver);
    free(c);
}
