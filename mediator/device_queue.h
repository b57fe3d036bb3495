/* device_queue: grants that wait in the store until their device dials in: sealed, in numbered
 * places, so that no more wait than may and nobody has to change what another wrote. */
#pragma once
#include "device.h"
#include "keyring.h"
#include "msg_grant.h"
#include "settings.h"
#include "store.h"

struct device_queue;
struct device_queue_options {
    struct store *store;
    const struct clock *clock;
    const struct settings *settings; /* borrowed until device_queue_change */
};
struct device_queue *device_queue_new(const struct device_queue_options *options); /* or NULL */
/* Nothing new begins: rounds end with the call that is under way. */
void device_queue_stop(struct device_queue *q);
/* Once the store has ended its calls. */
void device_queue_free(struct device_queue *q);
void device_queue_change(struct device_queue *q, const struct settings *settings);

/* ST_OK: it waits. ST_BUSY: so many wait already; or as the store says. Fires once, never before
 * the call has returned. Everything is copied. */
typedef void device_queue_fn(void *arg, enum status st);
void device_queue_add(struct device_queue *q, const char *device,
                      const uint8_t grant_id[static GRANT_ID_LEN], struct slice grant,
                      uint32_t ttl_ms, device_queue_fn *done, void *arg);

/* Hands out what waits, one after the other: `push` says with device_queue_pushed how it went, and
 * with ST_OK the grant waits no more, otherwise it goes on waiting and the round ends. One round a
 * device at a time: another begins once it is over. Unless `sure`, it looks first whether there is
 * anything. */
struct device_queue_round;
typedef void device_queue_push_fn(void *arg, struct device_queue_round *round, const char *device,
                                  const uint8_t grant_id[static GRANT_ID_LEN], struct slice grant);
void device_queue_hand_out(struct device_queue *q, const char *device, bool sure,
                           device_queue_push_fn *push, void *arg);
void device_queue_pushed(struct device_queue_round *round, enum status st);
