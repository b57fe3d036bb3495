/* mediator_metrics: what the mediator counts of its own. */
#pragma once
#include "daemon_metrics.h"
#include "http_client.h"
#include "refusal.h"
#include "settings.h"

enum { MEDIATOR_METRIC_COUNT = 7 };
extern const struct metric MEDIATOR_METRICS[MEDIATOR_METRIC_COUNT];

/* What the mediator itself decided about a request. */
void count_verdict(struct meter *meter, enum refusal r);

/* Devices that are connected to this daemon, and what becomes of those that dial in. */
enum device_event { DEVICE_CAME, DEVICE_REFUSED, DEVICE_TURNED_AWAY, DEVICE_EVENT_COUNT };
void count_devices(struct meter *meter, size_t connected);
void count_device(struct meter *meter, enum device_event e);

/* A grant's delivery has ended: into the queue, or with st, be it through another mediator. */
void count_delivery(struct meter *meter, enum status st, bool queued, bool elsewhere);
/* A token for a device that is never connected. */
void count_device_token(struct meter *meter, enum status st);

/* A call to an endpoint of upstream that ended with st and, if that is ST_OK, an answer of
 * this code. ENDPOINT_COUNT stands for its metadata. */
void count_upstream(struct meter *meter, enum endpoint_id to, enum status st, unsigned code,
                    uint64_t microseconds);
