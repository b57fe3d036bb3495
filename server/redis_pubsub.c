#include "redis_pubsub.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "base64url.h"
#include "redis_connection.h"

struct redis_pubsub {
    const struct redis_access *access;
    const char *prefix;
    struct redis_connection *connection;
    struct subscriptions subscriptions;
    struct event *beat;
    bool beat_answered;
};

#define CHANNEL_WORD   ":channel:"
#define HEARTBEAT_WORD ":heartbeat"

/* --- names --- */

struct slice redis_channel_name(const char *prefix, const struct store_channel *channel,
                                uint8_t text[static REDIS_CHANNEL_MAX])
{
    struct writer w = writer_over(text, REDIS_CHANNEL_MAX);

    writer_text(&w, prefix);
    writer_text(&w, CHANNEL_WORD);
    base64url_write(&w, (struct slice){ channel->id, sizeof channel->id });
    return writer_slice(&w);
}

static enum status read_channel(const struct redis_pubsub *p, struct slice name,
                                struct store_channel *out)
{
    size_t skip = strlen(p->prefix) + strlen(CHANNEL_WORD);

    if (name.len <= skip)
        return ST_INVALID;
    return base64url_decode_exact((struct slice){ name.data + skip, name.len - skip }, out->id,
                                  sizeof out->id);
}

static struct slice heartbeat_name(const struct redis_pubsub *p,
                                   uint8_t text[static REDIS_CHANNEL_MAX])
{
    struct writer w = writer_over(text, REDIS_CHANNEL_MAX);

    writer_text(&w, p->prefix);
    writer_text(&w, HEARTBEAT_WORD);
    return writer_slice(&w);
}

/* --- saying --- */

/* What cannot be said now is said when the connection is ready again. */
static void say(struct redis_pubsub *p, struct slice command, struct slice channel)
{
    const struct redis_words words = { 2, { command, channel } };
    enum status st = redis_connection_subscribe(p->connection, &words);

    if (st && st != ST_UNAVAILABLE)
        redis_connection_drop(p->connection, status_name(st));
}

static void say_subscribe(void *arg, const struct store_channel *channel)
{
    struct redis_pubsub *p = arg;
    uint8_t text[REDIS_CHANNEL_MAX];

    say(p, SLICE_LIT("SUBSCRIBE"), redis_channel_name(p->prefix, channel, text));
}

/* Redis answers a SUBSCRIBE every time: so it shows that it is there, and this
 * connection is never without a subscription, which hiredis takes as its end. */
static void say_heartbeat(struct redis_pubsub *p)
{
    const struct timeval patience = redis_timeval(p->access->command_timeout_ms);
    uint8_t text[REDIS_CHANNEL_MAX];

    p->beat_answered = false;
    event_add(p->beat, &patience);
    say(p, SLICE_LIT("SUBSCRIBE"), heartbeat_name(p, text));
}

static void on_beat(evutil_socket_t fd, short what, void *arg)
{
    struct redis_pubsub *p = arg;

    (void)fd, (void)what;
    if (p->beat_answered)
        say_heartbeat(p);
    else if (redis_connection_ready(p->connection))
        redis_connection_drop(p->connection, "no heartbeat in time");
}

/* --- hearing --- */

static void on_ready(void *arg)
{
    struct redis_pubsub *p = arg;

    say_heartbeat(p);
    subscriptions_each(&p->subscriptions, say_subscribe, p);
}

static void on_lost(void *arg)
{
    struct redis_pubsub *p = arg;

    event_del(p->beat);
    subscriptions_gap(&p->subscriptions, NULL);
}

static struct slice text_of(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING
               ? (struct slice){ (const uint8_t *)reply->str, reply->len }
               : (struct slice){ NULL, 0 };
}

static void hear(struct redis_pubsub *p, struct slice kind, const struct store_channel *channel,
                 struct slice message)
{
    if (slice_is(kind, "message"))
        subscriptions_deliver(&p->subscriptions, channel, message);
    else if (slice_is(kind, "subscribe"))
        subscriptions_announce(&p->subscriptions, channel);
    else if (slice_is(kind, "unsubscribe"))
        subscriptions_gap(&p->subscriptions, channel); /* of whoever came right after it */
}

/* [kind, channel, message or number] */
static void on_push(void *arg, const redisReply *reply)
{
    struct redis_pubsub *p = arg;
    struct store_channel channel;
    uint8_t text[REDIS_CHANNEL_MAX];

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3) {
        redis_connection_drop(p->connection,
                              reply->type == REDIS_REPLY_ERROR ? reply->str : "odd push");
        return;
    }
    struct slice name = text_of(reply->element[1]);
    if (slice_equal(name, heartbeat_name(p, text)))
        p->beat_answered = true;
    else if (read_channel(p, name, &channel) == ST_OK)
        hear(p, text_of(reply->element[0]), &channel, text_of(reply->element[2]));
}

/* --- subscribing --- */

enum status redis_pubsub_subscribe(struct redis_pubsub *p, const struct store_channel *channel,
                                   const struct store_subscriber *who,
                                   struct store_subscription **out)
{
    enum status st = subscriptions_add(&p->subscriptions, channel, who, out);

    /* Also if somebody listens already: the answer is what tells the newcomer. */
    if (!st)
        say_subscribe(p, channel);
    return st;
}

void redis_pubsub_unsubscribe(struct redis_pubsub *p, struct store_subscription *subscription)
{
    const struct store_channel channel = *subscriptions_channel(subscription);
    uint8_t text[REDIS_CHANNEL_MAX];

    subscriptions_remove(&p->subscriptions, subscription);
    if (!subscriptions_any(&p->subscriptions, &channel))
        say(p, SLICE_LIT("UNSUBSCRIBE"), redis_channel_name(p->prefix, &channel, text));
}

/* --- life --- */

enum status redis_pubsub_new(const struct redis_access *access, struct redis_locator *locator,
                             const char *prefix, struct redis_pubsub **out)
{
    struct redis_pubsub *p = calloc(1, sizeof *p);
    const struct redis_watch watch = {
        .ready = on_ready, .lost = on_lost, .push = on_push, .arg = p
    };

    if (!p)
        return ST_NO_MEMORY;
    p->access = access;
    p->prefix = prefix;
    enum status st = subscriptions_init(&p->subscriptions);
    p->beat = evtimer_new(access->base, on_beat, p);
    if (!st && !p->beat)
        st = ST_NO_MEMORY;
    if (!st)
        st = redis_connection_new(access, locator, REDIS_MASTER, &watch, &p->connection);
    if (st)
        redis_pubsub_free(p);
    else
        *out = p;
    return st;
}

void redis_pubsub_free(struct redis_pubsub *p)
{
    if (!p)
        return;
    if (p->connection) {
        redis_connection_stop(p->connection);
        redis_connection_free(p->connection);
    }
    if (p->beat)
        event_free(p->beat);
    subscriptions_clear(&p->subscriptions);
    free(p);
}
