#include "admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "http_error.h"
#include "listener_set.h"
#include "process_metrics.h"

enum { TEXT_FIRST = 64 * 1024, TEXT_MAX = 16 * 1024 * 1024 };

#define TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"

static const struct metric log_lost_metric = { .name = "vouchsafe_log_lines_lost_total",
                                               .help = "Log lines that could not be written.",
                                               .type = METRIC_COUNTER };

struct admin {
    struct admin_options options;
    int64_t started_at;
    struct listener_set *listeners;
    struct http_server *http;
    uint8_t *text; /* the last answer's memory */
    size_t text_cap;
};

/* --- what it serves --- */

static void write_build(const struct admin *a, struct writer *w)
{
    writer_text(w, "# HELP vouchsafe_build_info What runs here; always 1.\n"
                   "# TYPE vouchsafe_build_info gauge\nvouchsafe_build_info{daemon=\"");
    writer_text(w, a->options.daemon);
    writer_text(w, "\",version=\"" VOUCHSAFE_VERSION "\"} 1\n");
}

static struct writer write_all(const struct admin *a)
{
    struct writer w = writer_over(a->text, a->text_cap);

    write_build(a, &w);
    metrics_write(a->options.metrics, &w);
    metrics_write_number(&w, &log_lost_metric, log_lost(a->options.log));
    process_metrics_write(a->started_at, &w);
    return w;
}

static bool make_longer(struct admin *a)
{
    size_t cap = a->text_cap ? a->text_cap * 2 : TEXT_FIRST;
    uint8_t *text = cap <= TEXT_MAX ? realloc(a->text, cap) : NULL;

    if (!text)
        return false;
    a->text = text;
    a->text_cap = cap;
    return true;
}

static void metrics_handle(struct http_exchange *ex, void *app)
{
    struct admin *a = app;
    struct writer w = write_all(a);

    while (w.full && make_longer(a))
        w = write_all(a);
    if (w.full)
        http_refuse_status(ex, ST_NO_MEMORY);
    else
        http_reply(ex, 200, TEXT_TYPE, NULL, 0, writer_slice(&w));
}

static void healthy(struct http_exchange *ex, void *app)
{
    (void)app;
    http_reply_json(ex, 200, SLICE_LIT("{\"status\":\"ok\"}"));
}

static void ready(struct http_exchange *ex, void *app)
{
    const struct admin *a = app;

    if (readiness_all(a->options.readiness))
        healthy(ex, app);
    else
        http_refuse_status(ex, ST_UNAVAILABLE);
}

static const struct http_route routes[] = {
    { "GET", "/metrics", metrics_handle },
    { "GET", "/healthz", healthy },
    { "GET", "/readyz", ready },
};

/* --- from start to end --- */

enum status admin_new(const struct admin_options *options, struct admin **out, char *why,
                      size_t why_cap)
{
    struct admin *a = calloc(1, sizeof *a);

    snprintf(why, why_cap, "no memory");
    if (!a)
        return ST_NO_MEMORY;
    a->options = *options;
    a->started_at = time(NULL);
    enum status st =
        listener_set_open_admin(options->where, options->count, &a->listeners, why, why_cap);
    if (st)
        free(a);
    else
        *out = a;
    return st;
}

enum status admin_serve(struct admin *a, struct event_base *base)
{
    const struct http_server_options options = { .routes = routes,
                                                 .route_count = sizeof routes / sizeof routes[0],
                                                 .app = a,
                                                 .limits = a->options.limits,
                                                 .log = a->options.log };
    enum status st = http_server_new(base, &options, &a->http);

    for (size_t i = 0; !st && i < a->options.count; i++)
        st = http_server_listen(a->http, listener_set_take(a->listeners, 0, i), PROXY_NONE);
    if (!st)
        listener_set_log(a->listeners, a->options.log, "admin listening");
    return st;
}

void admin_free(struct admin *a)
{
    if (!a)
        return;
    http_server_free(a->http);
    listener_set_free(a->listeners);
    free(a->text);
    free(a);
}
