#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "device_courier_private.h"
#include "mediator_metrics.h"
#include "secret.h"

enum { TICK_MS = 100, GRACE_MS = 1000 /* for an answer to cross, beyond the push itself */ };

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

/* A grant that has waited. */
struct handing {
    struct device_push push;
    struct device_queue_round *round;
};

static uint64_t now_ms(void)
{
    return clock_steady(&SYSTEM_CLOCK);
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

/* It may have come while the grant went into the queue: then it is not to wait any longer. */
static void wake(struct device_courier *c, const char *device)
{
    static const uint8_t no_job[RELAY_ID_LEN];

    if (device_hub_has(c->hub, device))
        courier_hand_out(c, device, true);
    else
        courier_say_about(c, RELAY_WAKE, device, no_job, (struct slice){ NULL, 0 });
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
    job->deadline = now_ms() + c->options.settings->device.locate_ms;
    job->next = c->jobs;
    c->jobs = job;
    writer_put(&w, (struct slice){ d->grant_id, sizeof d->grant_id });
    writer_put(&w, d->grant);
    courier_say_about(c, d->grant.len ? RELAY_PUSH : RELAY_ASK, d->device, job->id,
                      writer_slice(&w));
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
    job->deadline = now_ms() + job->courier->options.settings->device.push_ms + GRACE_MS;
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

    if (c->stopped || relay_open(c->options.settings->seal, &channel, clock_wall(c->options.clock),
                                 sealed, room, &m))
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
    struct job *job = courier_allocate(sizeof *job);

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
    struct handing *h = courier_allocate(sizeof *h);

    *h = (struct handing){ .push = { .done = handed, .arg = h }, .round = round };
    memcpy(h->push.grant_id, grant_id, GRANT_ID_LEN);
    enum status st = device_hub_push(c->hub, device, grant, &h->push);
    if (st)
        handed(h, st);
}

void courier_hand_out(struct device_courier *c, const char *device, bool sure)
{
    if (!c->stopped)
        device_queue_hand_out(c->queue, device, sure, hand_over, c);
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
                                            .came = courier_on_came,
                                            .left = courier_on_left,
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
