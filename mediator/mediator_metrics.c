#include "mediator_metrics.h"

enum { VERDICTS = METRICS_OWN, UPSTREAM_CALLS, UPSTREAM_SECONDS };

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
};

void count_verdict(struct meter *meter, enum refusal r)
{
    meter_add(meter, VERDICTS, METRIC_AT(r), 1);
}

void count_upstream(struct meter *meter, enum endpoint_id to, enum status st, unsigned code,
                    uint64_t microseconds)
{
    size_t outcome = st ? CODE_CLASSES + st : code / 100 - 1; /* the parser takes 100 to 599 */

    meter_add(meter, UPSTREAM_CALLS, METRIC_AT(to, outcome), 1);
    meter_observe(meter, UPSTREAM_SECONDS, METRIC_AT(to), microseconds);
}
