/* mediator_metrics: what the mediator counts of its own. */
#pragma once
#include "daemon_metrics.h"
#include "http_client.h"
#include "refusal.h"
#include "settings.h"

enum { MEDIATOR_METRIC_COUNT = 3 };
extern const struct metric MEDIATOR_METRICS[MEDIATOR_METRIC_COUNT];

/* What the mediator itself decided about a request. */
void count_verdict(struct meter *meter, enum refusal r);

/* A call to an endpoint of upstream that ended with st and, if that is ST_OK, an answer of
 * this code. ENDPOINT_COUNT stands for its metadata. */
void count_upstream(struct meter *meter, enum endpoint_id to, enum status st, unsigned code,
                    uint64_t microseconds);
