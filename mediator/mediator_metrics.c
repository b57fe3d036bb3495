#include "mediator_metrics.h"

enum {
    VERDICTS = METRICS_OWN,
    UPSTREAM_CALLS,
    UPSTREAM_SECONDS,
    DEVICES_CONNECTED,
    DEVICE_EVENTS,
    DELIVERIES,
    DEVICE_TOKENS
};

enum { DELIVERY_WAYS = 3 };
static const char *const way_words[DELIVERY_WAYS] = { "here", "elsewhere", "queue" };
static const char *const event_words[DEVICE_EVENT_COUNT] = {
    [DEVICE_CAME] = "connected", [DEVICE_REFUSED] = "refused", [DEVICE_TURNED_AWAY] = "turned_away"
};

enum { CODE_CLASSES = 5 };
static const char *const class_words[CODE_CLASSES] = { "1xx", "2xx", "3xx", "4xx", "5xx" };

static const char *verdict_word(const void *none, size_t r)
{
    (void)none;
    return refusal_name((enum refusal)r);
}

static const char *endpoint_word(const void *none, size_t id)
{
    (void)none;
    return id < ENDPOINT_COUNT ? ENDPOINT_NAMES[id] : "metadata";
}

/* Classes of codes, and then the statuses of calls without an answer. */
static const char *outcome_word(const void *none, size_t i)
{
    (void)none;
    return i < CODE_CLASSES ? class_words[i] : status_name((enum status)(i - CODE_CLASSES));
}

#define ENDPOINT_LABEL                                                                             \
    {                                                                                              \
        "endpoint", ENDPOINT_COUNT + 1, endpoint_word, NULL                                        \
    }

const struct metric MEDIATOR_METRICS[MEDIATOR_METRIC_COUNT] = {
    [VERDICTS - METRICS_OWN] = { "vouchsafe_verdicts_total",
                                 "Requests, by what the mediator decided.",
                                 METRIC_COUNTER,
                                 { { "verdict", REFUSAL_COUNT, verdict_word, NULL } } },
    [UPSTREAM_CALLS -
        METRICS_OWN] = { "vouchsafe_upstream_calls_total",
                         "Calls to authorization servers that have ended.",
                         METRIC_COUNTER,
                         { ENDPOINT_LABEL,
                           { "outcome", CODE_CLASSES + ST_COUNT, outcome_word, NULL } } },
    [UPSTREAM_SECONDS - METRICS_OWN] = { "vouchsafe_upstream_seconds",
                                         "Time that calls to authorization servers took.",
                                         METRIC_HISTOGRAM,
                                         { ENDPOINT_LABEL } },
    [DEVICES_CONNECTED - METRICS_OWN] = { "vouchsafe_devices_connected",
                                          "Devices that are connected.",
                                          METRIC_GAUGE,
                                          { { NULL, 0, NULL, NULL } } },
    [DEVICE_EVENTS - METRICS_OWN] = { "vouchsafe_device_connections_total",
                                      "Connections of devices, by how they began.",
                                      METRIC_COUNTER,
                                      { METRIC_WORDS("outcome", event_words) } },
    [DELIVERIES - METRICS_OWN] = { "vouchsafe_device_deliveries_total",
                                   "Grants to devices that dial in, by way and outcome.",
                                   METRIC_COUNTER,
                                   { METRIC_WORDS("way", way_words),
                                     { "outcome", ST_COUNT, metric_status, NULL } } },
    [DEVICE_TOKENS - METRICS_OWN] = { "vouchsafe_device_tokens_total",
                                      "Tokens for devices that are never connected.",
                                      METRIC_COUNTER,
                                      { { "outcome", ST_COUNT, metric_status, NULL } } },
};

void count_verdict(struct meter *meter, enum refusal r)
{
    meter_add(meter, VERDICTS, METRIC_AT(r), 1);
}

void count_devices(struct meter *meter, size_t connected)
{
    meter_set(meter, DEVICES_CONNECTED, METRIC_AT(0), connected);
}

void count_device(struct meter *meter, enum device_event e)
{
    meter_add(meter, DEVICE_EVENTS, METRIC_AT(e), 1);
}

void count_delivery(struct meter *meter, enum status st, bool queued, bool elsewhere)
{
    meter_add(meter, DELIVERIES, METRIC_AT(queued ? 2 : elsewhere ? 1 : 0, st), 1);
}

void count_device_token(struct meter *meter, enum status st)
{
    meter_add(meter, DEVICE_TOKENS, METRIC_AT(st), 1);
}

void count_upstream(struct meter *meter, enum endpoint_id to, enum status st, unsigned code,
                    uint64_t microseconds)
{
    size_t outcome = st ? CODE_CLASSES + st : code / 100 - 1; /* the parser takes 100 to 599 */

    meter_add(meter, UPSTREAM_CALLS, METRIC_AT(to, outcome), 1);
    meter_observe(meter, UPSTREAM_SECONDS, METRIC_AT(to), microseconds);
}
