/* device_courier: brings a grant to its device: over a connection of this daemon, over that of
 * another mediator before the same store, or into the queue of a device that sleeps. Lives on the
 * loop of the side worker; any worker may give it something to deliver. */
#pragma once
#include <event2/event.h>

#include "device_hub.h"
#include "mailbox.h"
#include "msg_grant.h"
#include "store.h"

/* Caller-held until done. */
struct delivery;
typedef void delivery_fn(struct delivery *d);
struct delivery {
    struct mailbox *home; /* of the loop that `done` is called on */
    delivery_fn *done;
    void *arg;
    char device[DEVICE_ID_MAX + 1];
    uint8_t grant_id[GRANT_ID_LEN];
    struct slice grant; /* encoded; or empty: only whether the device can be reached is asked */
    uint32_t ttl_ms;    /* of the grant */
    bool may_queue;

    /* ST_OK: the device has acknowledged it, or, where `queued`, gets it when it next dials in.
     * ST_NOT_FOUND: it sleeps. ST_DENIED: it refuses it. ST_BUSY: too many wait. ST_TIMEOUT,
     * ST_LOST: it may have it. ST_UNAVAILABLE: the store does not answer. */
    enum status outcome;
    bool queued;

    struct mail mail; /* its own from here on */
};

struct device_courier;
struct device_courier_options {
    struct event_base *base;
    struct log *log;
    struct meter *meter;
    const struct clock *clock;
    struct store *store;
    bool alone;                      /* nobody shares the store */
    const struct settings *settings; /* borrowed until device_courier_change */
};
/* `why` says which address cannot be listened on. */
enum status device_courier_new(const struct device_courier_options *options,
                               struct device_courier **out, char *why, size_t why_cap) MUST_USE;
/* Closes the connections; nothing new begins. Nobody delivers any more. */
void device_courier_stop(struct device_courier *c);
/* Once the store has ended its calls. */
void device_courier_free(struct device_courier *c);
void device_courier_change(struct device_courier *c, const struct settings *settings);

/* From any thread. */
void device_courier_deliver(struct device_courier *c, struct delivery *d);
