#include "redis_lane.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

struct queue {
    struct redis_command *first, **last;
};

struct redis_lane {
    struct redis_lane_options options;
    struct redis_connection *connection;
    struct event *deadline;
    /* A command is in one of these, the older in the later one. */
    struct queue held;    /* until the WAIT that is under way has ended */
    struct queue sent;    /* oldest first, as their replies come */
    struct queue settled; /* answered, until replicas have it */

    struct redis_call wait;
    bool waiting;        /* for the reply to WAIT */
    bool keeps_up;       /* the last WAIT found enough replicas */
    struct event *again; /* asks once more whether they do */

    struct event *beat; /* so that one that is silent is found out without commands, too */
    struct redis_call ping;
    bool pinged;       /* and no answer yet */
    uint64_t asked_at; /* steady ms, of the last WAIT or ping */
};

/* --- queues --- */

static void queue_init(struct queue *q)
{
    q->first = NULL;
    q->last = &q->first;
}

static void queue_add(struct queue *q, struct redis_command *command)
{
    command->next = NULL;
    *q->last = command;
    q->last = &command->next;
}

static struct redis_command *queue_take(struct queue *q)
{
    struct redis_command *command = q->first;

    if (!command)
        return NULL;
    q->first = command->next;
    if (!q->first)
        q->last = &q->first;
    return command;
}

/* All of them, for a walk that calls whoever may add to the queue. */
static struct redis_command *queue_empty(struct queue *q)
{
    struct redis_command *first = q->first;

    queue_init(q);
    return first;
}

static void fail_all(struct redis_command *command, enum redis_failure how)
{
    while (command) {
        struct redis_command *next = command->next;
        command->ops->failed(command, how);
        command = next;
    }
}

static bool is_durable(const struct redis_lane *lane)
{
    return lane->options.replicas > 0;
}

static void tell_changed(const struct redis_lane *lane)
{
    lane->options.changed(lane->options.arg);
}

/* --- deadlines: all wait equally long, so the oldest is due first --- */

static const struct redis_command *oldest(const struct redis_lane *lane)
{
    if (lane->settled.first)
        return lane->settled.first;
    return lane->sent.first ? lane->sent.first : lane->held.first;
}

static void watch_deadline(struct redis_lane *lane)
{
    const struct redis_command *command = oldest(lane);
    uint64_t now = clock_steady(&SYSTEM_CLOCK);

    if (!command || event_pending(lane->deadline, EV_TIMEOUT, NULL))
        return;
    const struct timeval delay =
        redis_timeval(command->deadline > now ? command->deadline - now : 0);
    event_add(lane->deadline, &delay);
}

/* A Redis that is silent to one command is silent to those behind it. The whole
 * connection goes, and no reply can come late. */
static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    struct redis_lane *lane = arg;
    const struct redis_command *command = oldest(lane);

    (void)fd, (void)what;
    if (command && command->deadline <= clock_steady(&SYSTEM_CLOCK))
        redis_lane_drop(lane, "no answer in time");
    watch_deadline(lane);
}

/* --- replies --- */

static void on_reply(struct redis_call *call, const redisReply *reply, bool written)
{
    struct redis_command *command = (struct redis_command *)(void *)call;
    struct redis_lane *lane = command->lane;

    queue_take(&lane->sent); /* replies come in order: it is this one */
    if (!reply) {
        command->ops->failed(command, written ? REDIS_LOST : REDIS_NOT_SENT);
        return;
    }
    if (command->ops->answered(command, reply) && is_durable(lane))
        queue_add(&lane->settled, command);
}

/* If ASKING fails, the command behind it is answered with a redirection. */
static void on_asking(struct redis_call *call, const redisReply *reply, bool written)
{
    (void)call, (void)reply, (void)written;
}

/* --- sending --- */

static enum status say_asking(struct redis_lane *lane, struct redis_command *command)
{
    const struct redis_words words = { 1, { SLICE_LIT("ASKING") } };

    command->asking.done = on_asking;
    return redis_connection_say(lane->connection, &words, &command->asking);
}

static enum status send_now(struct redis_lane *lane, struct redis_command *command)
{
    enum status st = command->says_asking ? say_asking(lane, command) : ST_OK;

    command->call.done = on_reply;
    if (!st)
        st = redis_connection_send(lane->connection, &command->wire, &command->call);
    if (!st)
        queue_add(&lane->sent, command);
    return st;
}

static void on_wait(struct redis_call *call, const redisReply *reply, bool written);

/* WAIT replicas ms: of all that was written on this connection. */
static enum status send_wait(struct redis_lane *lane)
{
    uint8_t count[20], patience[20];
    struct writer c = writer_over(count, sizeof count);
    struct writer p = writer_over(patience, sizeof patience);

    writer_decimal(&c, lane->options.replicas);
    writer_decimal(&p, lane->options.access->replica_timeout_ms);
    const struct redis_words words = { 3,
                                       { SLICE_LIT("WAIT"), writer_slice(&c), writer_slice(&p) } };
    lane->wait.done = on_wait;
    enum status st = redis_connection_say(lane->connection, &words, &lane->wait);
    lane->waiting = st == ST_OK;
    lane->asked_at = clock_steady(&SYSTEM_CLOCK);
    return st;
}

/* Without a WAIT behind them commands could not be relied on. */
static void send_wait_or_drop(struct redis_lane *lane)
{
    if (send_wait(lane))
        redis_lane_drop(lane, "WAIT could not be sent");
}

static void send_held(struct redis_lane *lane)
{
    struct redis_command *command = queue_empty(&lane->held);

    if (!command)
        return;
    while (command) {
        struct redis_command *next = command->next;
        if (send_now(lane, command))
            command->ops->failed(command, REDIS_NOT_SENT);
        command = next;
    }
    if (lane->sent.first)
        send_wait_or_drop(lane);
}

enum status redis_lane_send(struct redis_lane *lane, struct redis_command *command)
{
    if (!redis_lane_ready(lane))
        return ST_UNAVAILABLE;
    command->lane = lane;
    if (lane->waiting) {
        queue_add(&lane->held, command);
    } else {
        enum status st = send_now(lane, command);
        if (st)
            return st;
        /* Nothing may end before this has returned: another attempt comes soon. */
        if (is_durable(lane) && send_wait(lane))
            event_active(lane->again, EV_TIMEOUT, 0);
    }
    watch_deadline(lane);
    return ST_OK;
}

/* --- replicas --- */

static void look_again_later(struct redis_lane *lane)
{
    const struct timeval delay = redis_timeval(lane->options.access->replica_timeout_ms);

    event_add(lane->again, &delay);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
    struct redis_lane *lane = arg;

    (void)fd, (void)what;
    if (redis_connection_ready(lane->connection) && !lane->waiting)
        send_wait_or_drop(lane);
}

static bool enough(const struct redis_lane *lane, const redisReply *reply)
{
    return reply->type == REDIS_REPLY_INTEGER &&
           reply->integer >= (long long)lane->options.replicas;
}

/* Until they do, commands are refused at once and do nothing: a challenge that
 * may be presented again is better than one that is burnt. */
static void falls_behind(struct redis_lane *lane, const redisReply *reply)
{
    struct redis_command *held = queue_empty(&lane->held);

    if (lane->keeps_up)
        log_note(lane->options.access->log, LOG_WARN, "redis replicas do not keep up", "why",
                 reply->type == REDIS_REPLY_ERROR ? reply->str : "too few acknowledged");
    lane->keeps_up = false;
    redis_locator_doubt(lane->options.locator);
    look_again_later(lane);
    fail_all(held, REDIS_NOT_SENT);
}

static void keeps_up(struct redis_lane *lane, struct redis_command *settled)
{
    lane->keeps_up = true;
    send_held(lane);
    while (settled) {
        struct redis_command *next = settled->next;
        settled->ops->kept(settled);
        settled = next;
    }
}

static void on_wait(struct redis_call *call, const redisReply *reply, bool written)
{
    struct redis_lane *lane =
        (struct redis_lane *)(void *)((char *)call - offsetof(struct redis_lane, wait));
    struct redis_command *settled = queue_empty(&lane->settled);
    bool kept_up = lane->keeps_up;

    (void)written;
    lane->waiting = false;
    if (!reply) {
        fail_all(settled, REDIS_LOST);
    } else if (enough(lane, reply)) {
        keeps_up(lane, settled);
    } else {
        falls_behind(lane, reply);
        fail_all(settled, REDIS_FORGETS);
    }
    if (lane->keeps_up != kept_up)
        tell_changed(lane);
}

/* --- heartbeats --- */

static void on_pong(struct redis_call *call, const redisReply *reply, bool written)
{
    (void)reply, (void)written;
    ((struct redis_lane *)(void *)((char *)call - offsetof(struct redis_lane, ping)))->pinged =
        false;
}

static void ping(struct redis_lane *lane)
{
    const struct redis_words words = { 1, { SLICE_LIT("PING") } };

    lane->ping.done = on_pong;
    lane->pinged = redis_connection_say(lane->connection, &words, &lane->ping) == ST_OK;
    lane->asked_at = clock_steady(&SYSTEM_CLOCK);
}

static void on_beat(evutil_socket_t fd, short what, void *arg)
{
    struct redis_lane *lane = arg;
    uint64_t since = clock_steady(&SYSTEM_CLOCK) - lane->asked_at;

    (void)fd, (void)what;
    if (!redis_connection_ready(lane->connection))
        return;
    if (lane->waiting || lane->pinged) {
        if (since >= lane->options.access->command_timeout_ms)
            redis_lane_drop(lane, "no answer in time");
    } else if (is_durable(lane)) {
        send_wait_or_drop(lane);
    } else {
        ping(lane);
    }
}

/* --- the connection --- */

static void on_ready(void *arg)
{
    struct redis_lane *lane = arg;

    if (is_durable(lane))
        send_wait_or_drop(lane); /* are they there? */
    tell_changed(lane);
}

/* What was sent fails by itself, with or without a WAIT behind it. */
static void on_lost(void *arg)
{
    struct redis_lane *lane = arg;

    lane->keeps_up = false;
    event_del(lane->again);
    fail_all(queue_empty(&lane->held), REDIS_NOT_SENT);
    tell_changed(lane);
}

bool redis_lane_ready(const struct redis_lane *lane)
{
    return redis_connection_ready(lane->connection) && (!is_durable(lane) || lane->keeps_up);
}

bool redis_lane_durable(const struct redis_lane *lane)
{
    return is_durable(lane);
}

const struct redis_endpoint *redis_lane_where(const struct redis_lane *lane)
{
    return redis_connection_where(lane->connection);
}

void redis_lane_drop(struct redis_lane *lane, const char *why)
{
    if (redis_connection_ready(lane->connection))
        redis_connection_drop(lane->connection, why);
}

/* --- life --- */

enum status redis_lane_new(const struct redis_lane_options *options, struct redis_lane **out)
{
    struct redis_lane *lane = calloc(1, sizeof *lane);
    const struct redis_watch watch = { .ready = on_ready, .lost = on_lost, .arg = lane };
    enum status st = ST_NO_MEMORY;

    if (!lane)
        return ST_NO_MEMORY;
    lane->options = *options;
    queue_init(&lane->held);
    queue_init(&lane->sent);
    queue_init(&lane->settled);
    lane->deadline = evtimer_new(options->access->base, on_deadline, lane);
    lane->again = evtimer_new(options->access->base, on_again, lane);
    lane->beat = event_new(options->access->base, -1, EV_PERSIST, on_beat, lane);
    const struct timeval every = redis_timeval(options->access->watch_ms);
    if (lane->deadline && lane->again && lane->beat && event_add(lane->beat, &every) == 0)
        st = redis_connection_new(options->access, options->locator, REDIS_MASTER, &watch,
                                  &lane->connection);
    if (st)
        redis_lane_free(lane);
    else
        *out = lane;
    return st;
}

void redis_lane_free(struct redis_lane *lane)
{
    if (!lane)
        return;
    if (lane->connection) {
        redis_connection_stop(lane->connection);
        fail_all(queue_empty(&lane->held), REDIS_NOT_SENT);
        fail_all(queue_empty(&lane->settled), REDIS_LOST);
        redis_connection_free(lane->connection);
    }
    if (lane->deadline)
        event_free(lane->deadline);
    if (lane->again)
        event_free(lane->again);
    if (lane->beat)
        event_free(lane->beat);
    free(lane);
}
