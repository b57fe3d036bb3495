/* daemon_metrics: what every daemon counts, and the rows that it adds of its own. */
#pragma once
#include "http_server.h"
#include "metrics.h"
#include "store.h"

/* Rows of every daemon. A daemon's own have the numbers from METRICS_OWN on. */
enum daemon_metric {
    METRIC_HTTP_REQUESTS,
    METRIC_HTTP_SECONDS,
    METRIC_HTTP_CONNECTIONS,
    METRIC_RATE_LIMITED,
    METRIC_STORE_CALLS,
    METRIC_STORE_SECONDS,
    METRIC_RELOADS,
    METRIC_STALE,
    METRICS_OWN
};

enum limited_by { LIMITED_ADDRESS, LIMITED_CLIENT, LIMITED_UNKNOWN_CLIENT, LIMITED_COUNT };
extern const char *const LIMITED_WORDS[LIMITED_COUNT];

enum store_call { STORE_CREATE, STORE_PUT, STORE_GET, STORE_TAKE, STORE_CALL_COUNT };

enum reload_outcome { RELOAD_OK, RELOAD_FAILED, RELOAD_OUTCOME_COUNT };

/* A metric_label's value where the values are those of enum status. */
const char *metric_status(const void *none, size_t st);

struct daemon_metrics_options {
    const struct http_route *routes; /* borrowed, like what is below */
    size_t route_count;
    const char *(*endpoint_path)(size_t i);
    size_t endpoint_count;
    const struct metric *own;
    size_t own_count;
    size_t threads;
};
struct daemon_metrics;
enum status daemon_metrics_new(const struct daemon_metrics_options *options,
                               struct daemon_metrics **out) MUST_USE;
void daemon_metrics_free(struct daemon_metrics *d);
struct metrics *daemon_metrics_of(struct daemon_metrics *d);

/* Counts what an HTTP server does: its arg is a meter. */
extern const struct http_observer METER_OBSERVER;

void meter_store_call(struct meter *meter, enum store_call call, enum store_space space,
                      enum status st, uint64_t microseconds);
