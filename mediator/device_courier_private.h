/* device_courier_private: what the courier's parts share: deliveries (device_courier), talk among
 * mediators (device_courier_talk), devices that are here and errands to them (device_seat). */
#pragma once
#include "device_courier.h"
#include "device_queue.h"
#include "device_relay.h"

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

/* Never NULL: without memory for so little nobody can be answered any more, as in the stores. */
void *courier_allocate(size_t size);

/* Nothing if nobody shares the store; otherwise sealed, and lost without a word if the store is. */
void courier_say_about(struct device_courier *c, enum relay_kind kind, const char *device,
                       const uint8_t job[static RELAY_ID_LEN], struct slice body);
void courier_answer(struct device_courier *c, const struct relay_message *to, enum relay_kind kind,
                    struct slice body);

/* What has waited for a device that is here; `sure` as for device_queue_hand_out. */
void courier_hand_out(struct device_courier *c, const char *device, bool sure);

/* device_link_fn, for the hub: `arg` is the courier. */
void courier_on_came(void *arg, struct device_link *link);
void courier_on_left(void *arg, struct device_link *link);
