#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device_courier_private.h"
#include "secret.h"

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

static void errand_done(void *arg, enum status st)
{
    struct errand *e = arg;
    struct relay_message to = { .kind = RELAY_PUSH };
    uint8_t word = (uint8_t)st;

    memcpy(to.sender, e->sender, sizeof to.sender);
    memcpy(to.job, e->job, sizeof to.job);
    courier_answer(e->courier, &to, RELAY_DONE, (struct slice){ &word, 1 });
    free(e);
}

static void run_errand(struct seat *seat, const struct relay_message *m)
{
    struct device_courier *c = seat->courier;
    struct errand *e;

    if (m->body.len <= GRANT_ID_LEN || !device_hub_has(c->hub, seat->device))
        return;
    e = courier_allocate(sizeof *e);
    *e = (struct errand){ .courier = c, .push = { .done = errand_done, .arg = e } };
    memcpy(e->sender, m->sender, sizeof e->sender);
    memcpy(e->job, m->job, sizeof e->job);
    memcpy(e->push.grant_id, m->body.data, GRANT_ID_LEN);
    courier_answer(c, m, RELAY_HERE, (struct slice){ NULL, 0 });
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
        courier_answer(c, m, RELAY_HERE, (struct slice){ NULL, 0 });
    else if (m->kind == RELAY_WAKE)
        courier_hand_out(c, seat->device, true);
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
    if (relay_open(c->options.settings->seal, &channel, clock_wall(c->options.clock), sealed, room,
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

    courier_hand_out(seat->courier, seat->device, false);
}

void courier_on_came(void *arg, struct device_link *link)
{
    static const uint8_t no_job[RELAY_ID_LEN];
    struct device_courier *c = arg;
    struct seat *seat = link->context;

    if (!seat) {
        seat = link->context = courier_allocate(sizeof *seat);
        seat->courier = c;
        snprintf(seat->device, sizeof seat->device, "%s", link->id);
        const struct store_channel channel = relay_device_channel(seat->device);
        const struct store_subscriber who = { on_listening, on_device_message, seat };
        if (!c->options.alone &&
            store_subscribe(c->options.store, &channel, &who, &seat->subscription))
            log_note(c->options.log, LOG_ERROR, "device not reachable from other mediators",
                     "device", seat->device);
    }
    courier_say_about(c, RELAY_MOVED, seat->device, no_job, (struct slice){ NULL, 0 });
    courier_hand_out(c, seat->device, false);
}

void courier_on_left(void *arg, struct device_link *link)
{
    struct device_courier *c = arg;
    struct seat *seat = link->context;

    if (seat->subscription)
        store_unsubscribe(c->options.store, seat->subscription);
    free(seat);
}
