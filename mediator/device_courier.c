#include "device_courier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "device_queue.h"
#include "device_relay.h"
#include "mediator_metrics.h"
#include "secret.h"

enum { TICK_MS = 100, GRACE_MS = 1000 /* for an answer to cross, beyond the push itself */ };

struct device_courier {
    struct device_courier_options options;
    struct mailbox *mailbox;
    struct device_hub *hub;
    struct device_queue *queue;
    struct event *tick;
    uint8_t id[RELAY_ID_LEN]; /* of this daemon, among those before the store */
    struct store_subscription *answers;
    struct job *jobs; /* that wait for another mediator */
    bool stopped;
};

/* One delivery on its way. */
struct job {
    struct device_courier *courier;
    struct delivery *delivery;
    struct device_push push;
    struct job *next; /* among those that wait for another mediator */
    uint8_t id[RELAY_ID_LEN];
    bool is_there; /* another mediator has said so */
    uint64_t deadline;
};

/* A device's place here, as long as it is connected. */
struct seat {
    struct device_courier *courier;
    char device[DEVICE_ID_MAX + 1];
    struct store_subscription *subscription; /* NULL: nobody else is there */
};

/* A push for another mediator. */
struct errand {
    struct device_courier *courier;
    struct device_push push;
    uint8_t sender[RELAY_ID_LEN], job[RELAY_ID_LEN];
};

/* A grant that has waited. */
struct handing {
    struct device_push push;
    struct device_queue_round *round;
};

/* Without memory for so little nobody can be answered any more, as in the stores. */
static void *allocate(size_t size)
{
    void *memory = calloc(1, size);

    if (!memory)
        abort();
    return memory;
}

static uint64_t now_ms(void)
{
    return clock_steady(&SYSTEM_CLOCK);
}

static const struct settings *settings_of(const struct device_courier *c)
{
    return c->options.settings;
}

/* --- talking to other mediators --- */

static void published(void *arg, enum status st, struct slice value)
{
    struct device_courier *c = arg;

    (void)value;
    if (st)
        log_note(c->options.log, LOG_WARN, "device message not published", "status",
                 status_name(st));
}

static void say(struct device_courier *c, const struct store_channel *to,
                const struct relay_message *m)
{
    uint8_t sealed[RELAY_SEALED_MAX];
    struct writer w = writer_over(sealed, sizeof sealed);

    if (c->options.alone || c->stopped)
        return;
    enum status st = relay_seal(settings_of(c)->seal, to, clock_wall(c->options.clock), m, &w);
    if (st)
        log_note(c->options.log, LOG_ERROR, "device message not sealed", "status", status_name(st));
    else
        store_publish(c->options.store, to, writer_slice(&w), published, c);
}

static void say_about(struct device_courier *c, enum relay_kind kind, const char *device,
                      const uint8_t job[static RELAY_ID_LEN], struct slice body)
{
    const struct store_channel to = relay_device_channel(device);
    struct relay_message m = { .kind = kind, .body = body };

    memcpy(m.sender, c->id, sizeof m.sender);
    memcpy(m.job, job, sizeof m.job);
    say(c, &to, &m);
}

static void answer(struct device_courier *c, const struct relay_message *to, enum relay_kind kind,
                   struct slice body)
{
    const struct store_channel channel = relay_own_channel(to->sender);
    struct relay_message m = { .kind = kind, .body = body };

    memcpy(m.sender, c->id, sizeof m.sender);
    memcpy(m.job, to->job, sizeof m.job);
    say(c, &channel, &m);
}

/* --- the end of a delivery --- */

static void come_home(void *arg)
{
    struct delivery *d = arg;

    d->done(d);
}

static void forget_job(struct job *job)
{
    struct job **at = &job->courier->jobs;

    while (*at && *at != job)
        at = &(*at)->next;
    if (*at)
        *at = job->next;
}

static void finish(struct job *job, enum status st, bool queued)
{
    struct delivery *d = job->delivery;

    if (d->grant.len)
        count_delivery(job->courier->options.meter, st, queued, job->is_there);
    forget_job(job);
    free(job);
    d->outcome = st;
    d->queued = queued;
    d->mail = (struct mail){ .run = come_home, .arg = d };
    mailbox_post(d->home, &d->mail);
}

/* --- one that sleeps --- */

static void hand_out(struct device_courier *c, const char *device, bool sure);

/* It may have come while the grant went into the queue: then it is not to wait any longer. */
static void wake(struct device_courier *c, const char *device)
{
    static const uint8_t no_job[RELAY_ID_LEN];

    if (device_hub_has(c->hub, device))
        hand_out(c, device, true);
    else
        say_about(c, RELAY_WAKE, device, no_job, (struct slice){ NULL, 0 });
}

static void queued(void *arg, enum status st)
{
    struct job *job = arg;

    if (!st && !job->courier->stopped)
        wake(job->courier, job->delivery->device);
    finish(job, st, st == ST_OK);
}

static void sleeps(struct job *job)
{
    const struct delivery *d = job->delivery;

    if (d->may_queue && d->grant.len)
        device_queue_add(job->courier->queue, d->device, d->grant_id, d->grant, d->ttl_ms, queued,
                         job);
    else
        finish(job, ST_NOT_FOUND, false);
}

/* --- one that is elsewhere --- */

static void ask_others(struct job *job)
{
    struct device_courier *c = job->courier;
    const struct delivery *d = job->delivery;
    uint8_t body[RELAY_BODY_MAX];
    struct writer w = writer_over(body, sizeof body);

    if (c->options.alone) {
        sleeps(job);
        return;
    }
    crypto_random(job->id, sizeof job->id);
    job->deadline = now_ms() + settings_of(c)->device.locate_ms;
    job->next = c->jobs;
    c->jobs = job;
    writer_put(&w, (struct slice){ d->grant_id, sizeof d->grant_id });
    writer_put(&w, d->grant);
    say_about(c, d->grant.len ? RELAY_PUSH : RELAY_ASK, d->device, job->id, writer_slice(&w));
    secret_wipe(body, sizeof body);
}

static struct job *job_of(const struct device_courier *c, const struct relay_message *m)
{
    struct job *job = c->jobs;

    while (job && memcmp(job->id, m->job, sizeof job->id) != 0)
        job = job->next;
    return job;
}

static void on_here(struct job *job)
{
    job->is_there = true;
    job->deadline = now_ms() + settings_of(job->courier)->device.push_ms + GRACE_MS;
    if (job->delivery->grant.len == 0)
        finish(job, ST_OK, false);
}

static void on_done(struct job *job, struct slice body)
{
    enum status st =
        body.len == 1 && body.data[0] < ST_COUNT ? (enum status)body.data[0] : ST_INTERNAL;

    if (st == ST_LOST) {
        forget_job(job);
        sleeps(job);
    } else {
        finish(job, st, false);
    }
}

static void on_answer(void *arg, struct slice sealed)
{
    struct device_courier *c = arg;
    const struct store_channel channel = relay_own_channel(c->id);
    uint8_t room[RELAY_SEALED_MAX];
    struct relay_message m;
    struct job *job;

    if (c->stopped ||
        relay_open(settings_of(c)->seal, &channel, clock_wall(c->options.clock), sealed, room, &m))
        return;
    job = job_of(c, &m);
    if (job && m.kind == RELAY_HERE)
        on_here(job);
    else if (job && m.kind == RELAY_DONE)
        on_done(job, m.body);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct device_courier *c = arg;
    uint64_t now = now_ms();

    (void)fd, (void)what;
    for (struct job *job = c->jobs, *next; job; job = next) {
        next = job->next;
        if (job->deadline > now)
            continue;
        if (job->is_there) {
            finish(job, ST_TIMEOUT, false);
        } else {
            forget_job(job);
            sleeps(job);
        }
    }
}

/* --- one that is here --- */

static void pushed(void *arg, enum status st)
{
    struct job *job = arg;

    if (st == ST_LOST && !job->courier->stopped)
        ask_others(job); /* it may be back already, there or here */
    else
        finish(job, st, false);
}

static void begin(void *arg)
{
    struct job *job = arg;
    struct device_courier *c = job->courier;
    const struct delivery *d = job->delivery;

    if (d->grant.len == 0) {
        if (device_hub_has(c->hub, d->device))
            finish(job, ST_OK, false);
        else
            ask_others(job);
        return;
    }
    job->push = (struct device_push){ .done = pushed, .arg = job };
    memcpy(job->push.grant_id, d->grant_id, sizeof d->grant_id);
    enum status st = device_hub_push(c->hub, d->device, d->grant, &job->push);
    if (st == ST_NOT_FOUND)
        ask_others(job);
    else if (st)
        finish(job, st, false);
}

void device_courier_deliver(struct device_courier *c, struct delivery *d)
{
    struct job *job = allocate(sizeof *job);

    *job = (struct job){ .courier = c, .delivery = d };
    d->mail = (struct mail){ .run = begin, .arg = job };
    mailbox_post(c->mailbox, &d->mail);
}

/* --- what has waited --- */

static void handed(void *arg, enum status st)
{
    struct handing *h = arg;
    struct device_queue_round *round = h->round;

    free(h);
    device_queue_pushed(round, st);
}

static void hand_over(void *arg, struct device_queue_round *round, const char *device,
                      const uint8_t grant_id[static GRANT_ID_LEN], struct slice grant)
{
    struct device_courier *c = arg;
    struct handing *h = allocate(sizeof *h);

    *h = (struct handing){ .push = { .done = handed, .arg = h }, .round = round };
    memcpy(h->push.grant_id, grant_id, GRANT_ID_LEN);
    enum status st = device_hub_push(c->hub, device, grant, &h->push);
    if (st)
        handed(h, st);
}

static void hand_out(struct device_courier *c, const char *device, bool sure)
{
    if (!c->stopped)
        device_queue_hand_out(c->queue, device, sure, hand_over, c);
}

/* --- errands for others --- */

static void errand_done(void *arg, enum status st)
{
    struct errand *e = arg;
    struct relay_message to = { .kind = RELAY_PUSH };
    uint8_t word = (uint8_t)st;

    memcpy(to.sender, e->sender, sizeof to.sender);
    memcpy(to.job, e->job, sizeof to.job);
    answer(e->courier, &to, RELAY_DONE, (struct slice){ &word, 1 });
    free(e);
}

static void run_errand(struct seat *seat, const struct relay_message *m)
{
    struct device_courier *c = seat->courier;
    struct errand *e;

    if (m->body.len <= GRANT_ID_LEN || !device_hub_has(c->hub, seat->device))
        return;
    e = allocate(sizeof *e);
    *e = (struct errand){ .courier = c, .push = { .done = errand_done, .arg = e } };
    memcpy(e->sender, m->sender, sizeof e->sender);
    memcpy(e->job, m->job, sizeof e->job);
    memcpy(e->push.grant_id, m->body.data, GRANT_ID_LEN);
    answer(c, m, RELAY_HERE, (struct slice){ NULL, 0 });
    const struct slice grant = { m->body.data + GRANT_ID_LEN, m->body.len - GRANT_ID_LEN };
    enum status st = device_hub_push(c->hub, seat->device, grant, &e->push);
    if (st)
        errand_done(e, st == ST_NOT_FOUND ? ST_LOST : st);
}

static void on_wish(struct seat *seat, const struct relay_message *m)
{
    struct device_courier *c = seat->courier;

    if (memcmp(m->sender, c->id, sizeof c->id) == 0)
        return; /* our own, heard again */
    if (m->kind == RELAY_PUSH)
        run_errand(seat, m);
    else if (m->kind == RELAY_ASK && device_hub_has(c->hub, seat->device))
        answer(c, m, RELAY_HERE, (struct slice){ NULL, 0 });
    else if (m->kind == RELAY_WAKE)
        hand_out(c, seat->device, true);
    else if (m->kind == RELAY_MOVED)
        device_hub_drop(c->hub, seat->device);
}

static void on_device_message(void *arg, struct slice sealed)
{
    struct seat *seat = arg;
    struct device_courier *c = seat->courier;
    const struct store_channel channel = relay_device_channel(seat->device);
    uint8_t room[RELAY_SEALED_MAX];
    struct relay_message m;

    if (c->stopped)
        return;
    if (relay_open(settings_of(c)->seal, &channel, clock_wall(c->options.clock), sealed, room,
                   &m) == ST_OK)
        on_wish(seat, &m);
    else
        log_note(c->options.log, LOG_WARN, "device message not believed", "device", seat->device);
    secret_wipe(room, sizeof room);
}

/* --- those who come and go --- */

/* Whoever put something into the queue before this was heard left it there; whoever does so
 * later wakes us. */
static void on_listening(void *arg)
{
    struct seat *seat = arg;

    hand_out(seat->courier, seat->device, false);
}

static void on_came(void *arg, struct device_link *link)
{
    static const uint8_t no_job[RELAY_ID_LEN];
    struct device_courier *c = arg;
    struct seat *seat = link->context;

    if (!seat) {
        seat = link->context = allocate(sizeof *seat);
        seat->courier = c;
        snprintf(seat->device, sizeof seat->device, "%s", link->id);
        const struct store_channel channel = relay_device_channel(seat->device);
        const struct store_subscriber who = { on_listening, on_device_message, seat };
        if (!c->options.alone &&
            store_subscribe(c->options.store, &channel, &who, &seat->subscription))
            log_note(c->options.log, LOG_ERROR, "device not reachable from other mediators",
                     "device", seat->device);
    }
    say_about(c, RELAY_MOVED, seat->device, no_job, (struct slice){ NULL, 0 });
    hand_out(c, seat->device, false);
}

static void on_left(void *arg, struct device_link *link)
{
    struct device_courier *c = arg;
    struct seat *seat = link->context;

    if (seat->subscription)
        store_unsubscribe(c->options.store, seat->subscription);
    free(seat);
}

/* --- life --- */

/* Answers to what was asked before are missed: their jobs end by their deadlines. */
static void answers_heard(void *arg)
{
    (void)arg;
}

static enum status open_parts(struct device_courier *c)
{
    const struct timeval every = { .tv_usec = TICK_MS * 1000 };
    const struct device_queue_options queue = { c->options.store, c->options.clock,
                                                c->options.settings };
    const struct store_channel channel = relay_own_channel(c->id);
    const struct store_subscriber who = { answers_heard, on_answer, c };

    c->queue = device_queue_new(&queue);
    c->tick = event_new(c->options.base, -1, EV_PERSIST, on_tick, c);
    if (!c->queue || !c->tick || event_add(c->tick, &every) != 0)
        return ST_NO_MEMORY;
    enum status st = mailbox_new(c->options.base, &c->mailbox);
    if (!st && !c->options.alone)
        st = store_subscribe(c->options.store, &channel, &who, &c->answers);
    return st;
}

enum status device_courier_new(const struct device_courier_options *options,
                               struct device_courier **out, char *why, size_t why_cap)
{
    struct device_courier *c = calloc(1, sizeof *c);

    snprintf(why, why_cap, "no memory");
    if (!c)
        return ST_NO_MEMORY;
    c->options = *options;
    crypto_random(c->id, sizeof c->id);
    const struct device_hub_options hub = { .base = options->base,
                                            .log = options->log,
                                            .meter = options->meter,
                                            .settings = &options->settings->device,
                                            .came = on_came,
                                            .left = on_left,
                                            .arg = c };
    enum status st = open_parts(c);
    if (!st)
        st = device_hub_new(&hub, &c->hub, why, why_cap);
    if (st) {
        device_courier_stop(c);
        device_courier_free(c);
    } else {
        *out = c;
    }
    return st;
}

void device_courier_stop(struct device_courier *c)
{
    c->stopped = true;
    if (c->queue)
        device_queue_stop(c->queue);
    if (c->hub)
        device_hub_free(c->hub);
    c->hub = NULL;
    if (c->answers)
        store_unsubscribe(c->options.store, c->answers);
    if (c->tick)
        event_free(c->tick);
    mailbox_free(c->mailbox);
}

void device_courier_free(struct device_courier *c)
{
    if (c->queue)
        device_queue_free(c->queue);
    free(c);
}

void device_courier_change(struct device_courier *c, const struct settings *settings)
{
    c->options.settings = settings;
    device_queue_change(c->queue, settings);
    device_hub_change(c->hub, &settings->device);
}
