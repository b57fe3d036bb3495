/* daemon: the life of a Vouchsafe daemon: options, configuration, workers,
 * reload, drain. attestd and mediator each fill in a daemon_spec. */
#pragma once
#include "config.h"
#include "http_server.h"
#include "model_ref.h"
#include "store.h"

struct folder_watch;
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
    struct model_ref *model;                  /* of the configuration in force */
    void *state;                              /* the daemon's own, made by worker_start */
    void *side;                               /* state of the side worker; NULL if there is none */
    const struct store_redis_settings *redis; /* of its store; NULL if that is in memory */
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
    /* Keys ("section|key") of files that it writes itself, beside its log; ended by NULL, or NULL.
     */
    const char *const *written;

    /* Keeps nothing of cfg, which may go at once, nor of watch, to which it adds each folder before
     * it looks into it; NULL if nobody watches. `why` says what is wrong. */
    enum status (*model_load)(cfg_t *cfg, struct log *log, struct folder_watch *watch, void **model,
                              char *why, size_t why_cap);
    void (*model_free)(void *model);
    /* Makes a model like the former one of the same folders as they are now. Their changes are
     * taken up so, without the configuration, which may be half written. NULL: nothing is watched.
     */
    enum status (*model_renew)(const void *former, struct log *log, struct folder_watch *watch,
                               void **model, char *why, size_t why_cap);

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

    /* One worker more that serves no HTTP: it starts before the others and ends after them, so
     * that they can rely on its state. side_wanted NULL: there never is one. */
    bool (*side_wanted)(cfg_t *cfg);
    enum status (*side_start)(struct worker *w);
    void (*side_reload)(struct worker *w);
    void (*side_stop)(struct worker *w);
    void (*side_free)(void *state); /* after its store has ended all calls */
};

/* GET /healthz and /readyz are rows that a daemon takes from health.h.
 *
 * --config FILE, --check-config, --version, --help; SIGHUP and changes in watched folders reload,
 * SIGTERM and SIGINT drain, a second one ends at once. Returns the exit code. */
int daemon_main(const struct daemon_spec *spec, int argc, char **argv);
