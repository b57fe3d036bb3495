#include "redis_sentinel.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

#include "redis_connection.h"

struct redis_sentinel {
    struct redis_locator locator; /* must be first */
    const struct redis_access *access;
    struct redis_list sentinels;
    struct redis_connection *connection;
    struct redis_seeker *seekers;
    struct event *watch;

    struct redis_call question;
    bool asked;        /* and no answer yet */
    uint64_t asked_at; /* steady ms */
    bool doubted;      /* somebody found what this sentinel says to be wrong */
};

/* --- what the sentinel says --- */

static struct slice text_of(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING
               ? (struct slice){ (const uint8_t *)reply->str, reply->len }
               : (struct slice){ NULL, 0 };
}

/* [host, port], or nil if it knows no such master */
static enum status read_address(const redisReply *reply, struct redis_endpoint *out)
{
    uint64_t port;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
        slice_to_u64(text_of(reply->element[1]), UINT16_MAX, &port))
        return ST_INVALID;
    return redis_endpoint_set(text_of(reply->element[0]), port, out);
}

static void tell(struct redis_sentinel *s, const struct redis_endpoint *where)
{
    struct redis_seeker *next;

    for (struct redis_seeker *seeker = s->seekers; seeker; seeker = next) {
        next = seeker->next;
        if (seeker->asking)
            seeker->found(seeker, where);
        else
            seeker->heard(seeker, where);
    }
}

static void on_answer(struct redis_call *call, const redisReply *reply, bool written)
{
    struct redis_sentinel *s =
        (struct redis_sentinel *)(void *)((char *)call - offsetof(struct redis_sentinel, question));
    struct redis_endpoint where;

    (void)written;
    s->asked = false;
    if (!reply)
        return;
    if (read_address(reply, &where) == ST_OK)
        tell(s, &where);
    else
        redis_connection_drop(s->connection, reply->type == REDIS_REPLY_ERROR
                                                 ? reply->str
                                                 : "it does not know the master");
}

/* --- asking it --- */

static void ask(struct redis_sentinel *s)
{
    const struct redis_words words = { 3,
                                       { SLICE_LIT("SENTINEL"),
                                         SLICE_LIT("GET-MASTER-ADDR-BY-NAME"),
                                         slice_of(s->access->url.name) } };

    if (s->asked)
        return;
    s->question.done = on_answer;
    s->asked = redis_connection_say(s->connection, &words, &s->question) == ST_OK;
    s->asked_at = clock_steady(&SYSTEM_CLOCK);
}

static void on_ready(void *arg)
{
    struct redis_sentinel *s = arg;

    s->doubted = false;
    ask(s);
}

static bool is_silent(const struct redis_sentinel *s)
{
    return s->asked && clock_steady(&SYSTEM_CLOCK) - s->asked_at >= s->access->command_timeout_ms;
}

/* Whoever is in doubt asks another sentinel: this one may be cut off together
 * with the master that it names. */
static void on_watch(evutil_socket_t fd, short what, void *arg)
{
    struct redis_sentinel *s = arg;

    (void)fd, (void)what;
    if (!redis_connection_ready(s->connection))
        return;
    if (is_silent(s))
        redis_connection_drop(s->connection, "no answer in time");
    else if (s->doubted)
        redis_connection_drop(s->connection, "what it said is in doubt");
    else
        ask(s);
}

/* --- the locator --- */

static void sentinel_join(struct redis_locator *l, struct redis_seeker *seeker)
{
    struct redis_sentinel *s = (struct redis_sentinel *)l;

    seeker->next = s->seekers;
    s->seekers = seeker;
}

static void sentinel_leave(struct redis_locator *l, struct redis_seeker *seeker)
{
    struct redis_sentinel *s = (struct redis_sentinel *)l;

    for (struct redis_seeker **at = &s->seekers; *at; at = &(*at)->next)
        if (*at == seeker) {
            *at = seeker->next;
            return;
        }
}

/* Whoever asks is told with the next answer, of whichever sentinel. */
static void sentinel_ask(struct redis_locator *l, struct redis_seeker *seeker)
{
    (void)seeker;
    ask((struct redis_sentinel *)l);
}

static void sentinel_doubt(struct redis_locator *l)
{
    ((struct redis_sentinel *)l)->doubted = true;
}

static const struct redis_locator_ops sentinel_ops = {
    .join = sentinel_join,
    .leave = sentinel_leave,
    .ask = sentinel_ask,
    .doubt = sentinel_doubt,
};

struct redis_locator *redis_sentinel_locator(struct redis_sentinel *s)
{
    return &s->locator;
}

/* --- life --- */

static enum status open_parts(struct redis_sentinel *s)
{
    const struct redis_watch watch = { .ready = on_ready, .arg = s };
    const struct timeval every = redis_timeval(s->access->watch_ms);

    s->watch = event_new(s->access->base, -1, EV_PERSIST, on_watch, s);
    if (!s->watch || event_add(s->watch, &every) != 0)
        return ST_NO_MEMORY;
    return redis_connection_new(s->access, &s->sentinels.locator, REDIS_A_SENTINEL, &watch,
                                &s->connection);
}

enum status redis_sentinel_new(const struct redis_access *access, struct redis_sentinel **out)
{
    struct redis_sentinel *s = calloc(1, sizeof *s);

    if (!s)
        return ST_NO_MEMORY;
    s->locator.ops = &sentinel_ops;
    s->access = access;
    redis_list_init(&s->sentinels, access->url.seeds, access->url.seed_count);
    enum status st = open_parts(s);
    if (st)
        redis_sentinel_free(s);
    else
        *out = s;
    return st;
}

void redis_sentinel_free(struct redis_sentinel *s)
{
    if (!s)
        return;
    if (s->connection) {
        redis_connection_stop(s->connection);
        redis_connection_free(s->connection);
    }
    if (s->watch)
        event_free(s->watch);
    free(s);
}
