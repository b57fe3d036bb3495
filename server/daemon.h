/* daemon: the life of a Vouchsafe daemon: options, configuration, workers,
 * reload, drain. attestd and mediator each fill in a daemon_spec. */
#pragma once
#include "config.h"
#include "http_server.h"
#include "model_ref.h"
#include "store.h"

struct meter;
struct metric;
struct readiness;

/* One loop and what belongs to it. */
struct worker {
    unsigned index;
    struct event_base *base;
    struct store *store;
    struct log *log;
    const struct clock *clock;
    struct meter *meter;      /* what it counts */
    struct rate_limit *rates; /* all workers', as is readiness */
    struct readiness *readiness;
    struct model_ref *model; /* of the configuration in force */
    void *state;             /* the daemon's own, made by worker_start */
    struct http_server *http;
};

/* All hooks run in the main thread but worker_*, which run in the worker's.
 * A `model` is what a configuration and the files it names amount to: it is
 * immutable once loaded, shared by the workers and replaced whole on reload. */
struct daemon_spec {
    const char *name;           /* "attestd" */
    const char *summary;        /* one line for --help */
    const char *default_config; /* "/etc/vouchsafe/attestd.conf" */
    const struct http_route *routes;
    size_t route_count;
    /* Endpoints behind a route of many paths, which are counted as what http_count_as says. */
    const char *(*endpoint_path)(size_t i);
    size_t endpoint_count;
    cfg_opt_t *opts; /* with CONFIG_DAEMON_OPTS */

    /* Keeps nothing of cfg, which may go at once. `why` says what is wrong. */
    enum status (*model_load)(cfg_t *cfg, struct log *log, void **model, char *why, size_t why_cap);
    void (*model_free)(void *model);
    /* Both or none: the setting that names a folder which the model is made of, and what makes a
     * model like the former one of that folder as it is now. Its changes are taken up so, without
     * the configuration, which may be half written. */
    const char *model_folder;
    enum status (*model_renew)(const void *former, struct log *log, void **model, char *why,
                               size_t why_cap);

    /* What it counts beyond what every daemon does (daemon_metrics.h). */
    const struct metric *metrics;
    size_t metric_count;

    /* Any of these may be NULL. The first makes worker->state. Handlers get the
     * struct worker as `app`. */
    enum status (*worker_start)(struct worker *w);
    /* worker->model has been switched. Requests under way hold the former one
     * with model_ref_hold. */
    void (*worker_reload)(struct worker *w);
    void (*worker_stop)(struct worker *w);
};

/* GET /healthz and /readyz are rows that a daemon takes from health.h.
 *
 * --config FILE, --check-config, --version, --help; SIGHUP and changes in model_folder reload,
 * SIGTERM and SIGINT drain, a second one ends at once. Returns the exit code. */
int daemon_main(const struct daemon_spec *spec, int argc, char **argv);
