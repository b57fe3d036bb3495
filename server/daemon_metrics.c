#include "daemon_metrics.h"

#include <stdlib.h>

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* Codes that are answered here; others, which upstream may send, count as one. */
static const uint16_t codes[] = { 200, 201, 204, 302, 400, 401, 403, 404, 405, 408, 411, 413,
                                  414, 415, 417, 429, 431, 500, 501, 502, 503, 504, 505 };
static const char *const code_words[COUNT(codes) + 1] = {
    "200", "201", "204", "302", "400", "401", "403", "404", "405", "408", "411", "413",
    "414", "415", "417", "429", "431", "500", "501", "502", "503", "504", "505", "other"
};

const char *const LIMITED_WORDS[LIMITED_COUNT] = { [LIMITED_ADDRESS] = "address",
                                                   [LIMITED_CLIENT] = "client",
                                                   [LIMITED_UNKNOWN_CLIENT] = "unknown_client" };

static const char *const call_words[STORE_CALL_COUNT] = {
    [STORE_CREATE] = "create", [STORE_PUT] = "put", [STORE_GET] = "get", [STORE_TAKE] = "take"
};
static const char *const space_words[STORE_SPACE_COUNT] = { [STORE_CHALLENGE] = "challenge",
                                                            [STORE_SPENT] = "spent",
                                                            [STORE_REQUEST] = "request",
                                                            [STORE_BINDING] = "binding" };
static const char *const reload_words[RELOAD_OUTCOME_COUNT] = {
    [RELOAD_OK] = "ok", [RELOAD_FAILED] = "failed"
};

struct daemon_metrics {
    struct daemon_metrics_options options;
    struct metrics *metrics;
    struct metric rows[];
};

const char *metric_status(const void *none, size_t st)
{
    (void)none;
    return status_name((enum status)st);
}

/* Requests for which there is no route, or that were none, count as one. */
static const char *route_word(const void *options, size_t i)
{
    const struct daemon_metrics_options *o = options;

    if (i < o->route_count)
        return o->routes[i].path;
    return i == o->route_count ? "none" : o->endpoint_path(i - o->route_count - 1);
}

#define ROUTE_LABEL(o)                                                                             \
    {                                                                                              \
        "route", (o)->route_count + 1 + (o)->endpoint_count, route_word, (o)                       \
    }

static void fill_http(struct metric *rows, const struct daemon_metrics_options *o)
{
    rows[METRIC_HTTP_REQUESTS] =
        (struct metric){ "vouchsafe_http_requests_total",
                         "Requests answered.",
                         METRIC_COUNTER,
                         { ROUTE_LABEL(o), METRIC_WORDS("code", code_words) } };
    rows[METRIC_HTTP_SECONDS] = (struct metric){ "vouchsafe_http_request_seconds",
                                                 "Time from a whole request to its answer.",
                                                 METRIC_HISTOGRAM,
                                                 { ROUTE_LABEL(o) } };
    rows[METRIC_HTTP_CONNECTIONS] = (struct metric){
        "vouchsafe_http_connections", "Connections open.", METRIC_GAUGE, { { 0 } }
    };
    rows[METRIC_RATE_LIMITED] = (struct metric){ "vouchsafe_rate_limited_total",
                                                 "Requests answered 429, by whose limit.",
                                                 METRIC_COUNTER,
                                                 { METRIC_WORDS("by", LIMITED_WORDS) } };
}

static void fill_other(struct metric *rows)
{
    rows[METRIC_STORE_CALLS] = (struct metric){ "vouchsafe_store_calls_total",
                                                "Calls of the store that have ended.",
                                                METRIC_COUNTER,
                                                { METRIC_WORDS("call", call_words),
                                                  METRIC_WORDS("space", space_words),
                                                  { "outcome", ST_COUNT, metric_status, NULL } } };
    rows[METRIC_STORE_SECONDS] = (struct metric){ "vouchsafe_store_seconds",
                                                  "Time that calls of the store took.",
                                                  METRIC_HISTOGRAM,
                                                  { METRIC_WORDS("call", call_words) } };
    rows[METRIC_RELOADS] = (struct metric){ "vouchsafe_reloads_total",
                                            "Reloads of the configuration and its files.",
                                            METRIC_COUNTER,
                                            { METRIC_WORDS("outcome", reload_words) } };
    rows[METRIC_STALE] =
        (struct metric){ "vouchsafe_reload_stale",
                         "1 while the last reload has failed and what was before serves.",
                         METRIC_GAUGE,
                         { { 0 } } };
}

enum status daemon_metrics_new(const struct daemon_metrics_options *options,
                               struct daemon_metrics **out)
{
    size_t count = METRICS_OWN + options->own_count;
    struct daemon_metrics *d = calloc(1, sizeof *d + count * sizeof d->rows[0]);

    if (!d)
        return ST_NO_MEMORY;
    d->options = *options;
    fill_http(d->rows, &d->options);
    fill_other(d->rows);
    for (size_t i = 0; i < options->own_count; i++)
        d->rows[METRICS_OWN + i] = options->own[i];
    enum status st = metrics_new(d->rows, count, options->threads, &d->metrics);
    if (st)
        free(d);
    else
        *out = d;
    return st;
}

void daemon_metrics_free(struct daemon_metrics *d)
{
    if (!d)
        return;
    metrics_free(d->metrics);
    free(d);
}

struct metrics *daemon_metrics_of(struct daemon_metrics *d)
{
    return d ? d->metrics : NULL;
}

/* --- counting --- */

static size_t number_of(unsigned code)
{
    size_t i = 0;

    while (i < COUNT(codes) && codes[i] != code)
        i++;
    return i;
}

static void on_replied(void *meter, size_t route, unsigned code, uint64_t microseconds)
{
    meter_add(meter, METRIC_HTTP_REQUESTS, METRIC_AT(route, number_of(code)), 1);
    meter_observe(meter, METRIC_HTTP_SECONDS, METRIC_AT(route), microseconds);
}

static void on_connections(void *meter, size_t open)
{
    meter_set(meter, METRIC_HTTP_CONNECTIONS, METRIC_AT(0), open);
}

const struct http_observer METER_OBSERVER = { .replied = on_replied,
                                              .connections = on_connections };

void meter_store_call(struct meter *meter, enum store_call call, enum store_space space,
                      enum status st, uint64_t microseconds)
{
    meter_add(meter, METRIC_STORE_CALLS, METRIC_AT(call, space, st), 1);
    meter_observe(meter, METRIC_STORE_SECONDS, METRIC_AT(call), microseconds);
}
