#include "daemon.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "admin.h"
#include "daemon_metrics.h"
#include "daemon_options.h"
#include "listener_set.h"
#include "loaded.h"
#include "model_watch.h"
#include "notify.h"
#include "process.h"
#include "rate_limit.h"
#include "readiness.h"
#include "worker.h"

enum { SIGNAL_COUNT = 3 };

struct daemon {
    const struct daemon_spec *spec;
    struct daemon_options options;
    struct loaded loaded; /* config: as at the start; model: in force */
    struct log *log;
    struct store_memory *memory;
    struct rate_limit *rates;
    struct daemon_metrics *metrics;
    struct meter *meter; /* this thread's */
    struct readiness *readiness;
    struct admin *admin;
    struct listener_set *listeners;
    struct model_watch *watch;
    struct worker_setup setup, side_setup;
    struct worker_thread **workers;
    struct worker_thread *side; /* or NULL */
    unsigned worker_count;      /* that have started */
    unsigned workers_left;      /* that have not ended */
    bool side_draining;

    struct event_base *base;
    struct event *signals[SIGNAL_COUNT];
    struct event *gone;     /* a worker has ended */
    struct event *deadline; /* of a drain */
    int gone_fd;
    bool draining;
};

/* --- reload --- */

static void note_difference(struct daemon *d, const struct config_daemon *next)
{
    const char *setting = config_daemon_difference(&d->loaded.config, next);

    if (setting)
        log_note(d->log, LOG_WARN, "restart needed", "setting", setting);
}

static void switch_workers(struct daemon *d, struct model_ref *model)
{
    if (d->side) {
        worker_thread_offer(d->side, model);
        worker_thread_await_switch(d->side);
    }
    for (unsigned i = 0; i < d->worker_count; i++)
        worker_thread_offer(d->workers[i], model);
    for (unsigned i = 0; i < d->worker_count; i++)
        worker_thread_await_switch(d->workers[i]);
}

static void use_model(struct daemon *d, struct model_ref *model)
{
    struct model_ref *former = d->loaded.model;

    switch_workers(d, model);
    d->loaded.model = model;
    model_ref_drop(former);
}

/* What was in force before stays in force when it failed. */
static void note_reload(struct daemon *d, enum status st, const char *cause, const char *why)
{
    struct log_line line;

    meter_add(d->meter, METRIC_RELOADS, METRIC_AT(st ? RELOAD_FAILED : RELOAD_OK), 1);
    meter_set(d->meter, METRIC_STALE, METRIC_AT(0), st != ST_OK);
    log_begin(&line, d->log, st ? LOG_ERROR : LOG_INFO, st ? "reload failed" : "reloaded");
    log_word(&line, "cause", cause);
    log_word(&line, "config", d->options.config);
    if (st)
        log_word(&line, "why", why);
    log_end(&line);
}

static enum status load_model(struct daemon *d, struct loaded *l, char *why, size_t why_cap)
{
    struct folder_watch *watch = d->spec->model_renew ? model_watch_begin(d->watch) : NULL;
    enum status st = loaded_model(d->spec, d->options.config, l, d->log, watch, why, why_cap);

    model_watch_end(d->watch, st == ST_OK);
    return st;
}

static void take_up(struct daemon *d, struct loaded *next)
{
    use_model(d, next->model);
    next->model = NULL;
    rate_limit_change(d->rates, &next->config.rates);
    note_difference(d, &next->config);
}

static void reload(struct daemon *d)
{
    struct loaded next;
    char why[CONFIG_WHY_MAX] = "";

    notify_reloading();
    if (log_reopen(d->log))
        log_note(d->log, LOG_ERROR, "log not reopened", "why", strerror(errno));
    enum status st = loaded_config(d->spec, d->options.config, &next, why, sizeof why);
    if (!st) {
        st = load_model(d, &next, why, sizeof why);
        if (!st)
            take_up(d, &next);
        loaded_clear(&next);
    }
    note_reload(d, st, "SIGHUP", why);
    notify_send("READY=1");
}

/* A folder that the model is made of has changed. Each is watched before it is read, so that what
 * changes meanwhile comes here again. */
static void on_change(void *arg)
{
    struct daemon *d = arg;
    char why[CONFIG_WHY_MAX] = "";
    struct model_ref *model;

    if (d->draining)
        return;
    enum status st = loaded_renew(d->spec, d->loaded.model, d->log, model_watch_current(d->watch),
                                  &model, why, sizeof why);
    model_watch_settle(d->watch);
    if (!st)
        use_model(d, model);
    note_reload(d, st, "change", why);
}

/* --- the main thread's loop --- */

/* Requests are cut off. Nothing is put in order any more: their handlers' memory
 * is in other hands. */
static void end_at_once(const struct daemon *d, const char *why)
{
    log_note(d->log, LOG_WARN, "ended at once", "why", why);
    _exit(EXIT_SUCCESS);
}

static void drain(struct daemon *d)
{
    const struct timeval limit = { .tv_sec = d->loaded.config.drain_s };

    d->draining = true;
    log_note(d->log, LOG_INFO, "draining", "name", d->spec->name);
    notify_send("STOPPING=1");
    readiness_end(d->readiness);
    event_add(d->deadline, &limit);
    for (unsigned i = 0; i < d->worker_count; i++)
        worker_thread_drain(d->workers[i]);
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
    struct daemon *d = arg;

    (void)what;
    if (number != SIGHUP && d->draining)
        end_at_once(d, "second signal");
    else if (number != SIGHUP)
        drain(d);
    else if (!d->draining)
        reload(d);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    end_at_once(arg, "drain_timeout has passed");
}

/* After those that rely on it. */
static void drain_side(struct daemon *d)
{
    d->side_draining = true;
    worker_thread_drain(d->side);
}

static void on_gone(evutil_socket_t fd, short what, void *arg)
{
    struct daemon *d = arg;
    eventfd_t count = 0;

    (void)what;
    (void)eventfd_read(fd, &count);
    d->workers_left -= (unsigned)count;
    if (d->workers_left == 1 && d->side && !d->side_draining)
        drain_side(d);
    if (d->workers_left == 0)
        event_base_loopbreak(d->base);
}

static enum status open_loop(struct daemon *d)
{
    static const int numbers[SIGNAL_COUNT] = { SIGHUP, SIGTERM, SIGINT };
    bool whole = true;

    d->gone_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    d->base = event_base_new();
    if (d->gone_fd < 0 || !d->base)
        return ST_NO_MEMORY;
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        d->signals[i] = evsignal_new(d->base, numbers[i], on_signal, d);
        whole = whole && d->signals[i] && event_add(d->signals[i], NULL) == 0;
    }
    d->gone = event_new(d->base, d->gone_fd, EV_READ | EV_PERSIST, on_gone, d);
    d->deadline = evtimer_new(d->base, on_deadline, d);
    whole = whole && d->gone && d->deadline && event_add(d->gone, NULL) == 0;
    return whole ? ST_OK : ST_NO_MEMORY;
}

static void close_loop(struct daemon *d)
{
    struct event *events[] = { d->signals[0], d->signals[1], d->signals[2], d->gone, d->deadline };

    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        if (events[i])
            event_free(events[i]);
    if (d->base)
        event_base_free(d->base);
    if (d->gone_fd >= 0)
        close(d->gone_fd);
}

/* --- workers --- */

static unsigned workers_wanted(const struct config_daemon *config)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (config->workers)
        return config->workers;
    return cores > 0 ? (unsigned)cores : 1;
}

static bool wants_side(const struct daemon *d)
{
    return d->spec->side_wanted && d->spec->side_wanted(d->loaded.cfg);
}

/* It has the number behind the others'. */
static enum status start_side(struct daemon *d, unsigned number)
{
    d->side_setup = d->setup;
    d->side_setup.listeners = NULL;
    enum status st = worker_thread_start(&d->side_setup, number, d->loaded.model, &d->side);
    if (!st)
        d->setup.side = worker_thread_state(d->side);
    return st;
}

/* Signals are the main thread's: threads inherit what is blocked. */
static enum status start_workers(struct daemon *d)
{
    unsigned wanted = workers_wanted(&d->loaded.config);
    sigset_t all, before;
    enum status st = ST_OK;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (wants_side(d))
        st = start_side(d, wanted);
    while (!st && d->worker_count < wanted) {
        st = worker_thread_start(&d->setup, d->worker_count, d->loaded.model,
                                 &d->workers[d->worker_count]);
        d->worker_count += st == ST_OK;
    }
    d->workers_left = d->worker_count + (d->side ? 1 : 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return st;
}

/* Those that run when another one does not start. */
static void recall_workers(struct daemon *d)
{
    for (unsigned i = 0; i < d->worker_count; i++)
        worker_thread_drain(d->workers[i]);
    if (d->side)
        drain_side(d);
}

/* --- from start to end --- */

static int complain(const struct daemon *d, const char *why)
{
    fprintf(stderr, "%s: %s\n", d->spec->name, why);
    return EXIT_FAILURE;
}

/* A meter for each worker, the side one included, and one for this thread. */
static enum status make_metrics(struct daemon *d, unsigned workers)
{
    const struct daemon_metrics_options options = { .routes = d->spec->routes,
                                                    .route_count = d->spec->route_count,
                                                    .endpoint_path = d->spec->endpoint_path,
                                                    .endpoint_count = d->spec->endpoint_count,
                                                    .own = d->spec->metrics,
                                                    .own_count = d->spec->metric_count,
                                                    .threads = workers + 1 };
    enum status st = daemon_metrics_new(&options, &d->metrics);

    if (!st)
        d->meter = metrics_meter(daemon_metrics_of(d->metrics), workers);
    return st;
}

/* Everything that the workers share. */
static enum status make_shared(struct daemon *d, unsigned workers)
{
    const struct config_daemon *config = &d->loaded.config;

    d->workers = calloc(workers, sizeof *d->workers);
    workers += wants_side(d);
    enum status st = d->workers ? open_loop(d) : ST_NO_MEMORY;
    if (!st && !config->redis)
        st = store_memory_new(&config->memory, &SYSTEM_CLOCK, &d->memory);
    if (!st)
        st = rate_limit_new(&config->rates, &SYSTEM_CLOCK, &d->rates);
    if (!st)
        st = readiness_new(workers, &SYSTEM_CLOCK, &d->readiness);
    return st ? st : make_metrics(d, workers);
}

static enum status open_admin(struct daemon *d, char *why, size_t why_cap)
{
    const struct config_daemon *config = &d->loaded.config;
    const struct admin_options options = { .where = config->admin,
                                           .count = config->admin_count,
                                           .daemon = d->spec->name,
                                           .limits = &config->http,
                                           .metrics = daemon_metrics_of(d->metrics),
                                           .readiness = d->readiness,
                                           .log = d->log };

    return config->admin_count ? admin_new(&options, &d->admin, why, why_cap) : ST_OK;
}

static enum status open_shared(struct daemon *d, char *why, size_t why_cap)
{
    const struct config_daemon *config = &d->loaded.config;
    unsigned wanted = workers_wanted(config);
    enum status st = make_shared(d, wanted);

    if (st) {
        snprintf(why, why_cap, "no memory");
        return st;
    }
    st = log_new(config->log_file, config->log_level, &d->log);
    if (st)
        snprintf(why, why_cap, "log file \"%s\": %s", config->log_file, strerror(errno));
    else if ((st = model_watch_new(d->base, d->log, on_change, d, &d->watch)))
        snprintf(why, why_cap, "no memory");
    else
        st = listener_set_open(config->listen, config->listen_count, wanted, &d->listeners, why,
                               why_cap);
    return st ? st : open_admin(d, why, why_cap);
}

static enum status become_user(const struct daemon *d, char *why, size_t why_cap)
{
    const char *user = d->loaded.config.user;
    enum status st = user ? process_become(user) : ST_OK;

    if (st)
        snprintf(why, why_cap, "user \"%s\": %s", user, status_name(st));
    else
        process_seal();
    return st;
}

static enum status confine_all(struct daemon *d, char *why, size_t why_cap)
{
    const struct confine_scope scope = { .settings = &d->loaded.config.confine,
                                         .cfg = d->loaded.cfg,
                                         .path = d->options.config,
                                         .written = d->spec->written };

    return confine(&scope, d->log, why, why_cap);
}

static enum status open_all(struct daemon *d, char *why, size_t why_cap)
{
    enum status st = loaded_config(d->spec, d->options.config, &d->loaded, why, why_cap);

    if (!st)
        st = open_shared(d, why, why_cap);
    if (!st)
        st = become_user(d, why, why_cap);
    /* With the rights that a reload will have. */
    if (!st)
        st = load_model(d, &d->loaded, why, why_cap);
    if (st)
        return st;
    d->setup = (struct worker_setup){ .spec = d->spec,
                                      .config = &d->loaded.config,
                                      .memory = d->memory,
                                      .listeners = d->listeners,
                                      .metrics = daemon_metrics_of(d->metrics),
                                      .readiness = d->readiness,
                                      .rates = d->rates,
                                      .log = d->log,
                                      .gone_fd = d->gone_fd };
    /* Before there are other threads: they inherit it. */
    st = confine_all(d, why, why_cap);
    if (st)
        return st;
    st = start_workers(d);
    if (st)
        snprintf(why, why_cap, "a worker does not start: %s", status_name(st));
    else if (d->admin && (st = admin_serve(d->admin, d->base)))
        snprintf(why, why_cap, "admin: %s", status_name(st));
    return st;
}

static void close_all(struct daemon *d)
{
    for (unsigned i = 0; i < d->worker_count; i++)
        worker_thread_join(d->workers[i]);
    if (d->side)
        worker_thread_join(d->side);
    free(d->workers);
    admin_free(d->admin);
    model_watch_free(d->watch);
    listener_set_free(d->listeners);
    store_memory_free(d->memory);
    rate_limit_free(d->rates);
    readiness_free(d->readiness);
    daemon_metrics_free(d->metrics);
    loaded_clear(&d->loaded);
    close_loop(d);
    log_free(d->log);
}

static int serve(struct daemon *d)
{
    char why[CONFIG_WHY_MAX] = "";
    int code = EXIT_SUCCESS;

    process_prepare();
    if (open_all(d, why, sizeof why)) {
        recall_workers(d);
        code = complain(d, why);
    } else {
        listener_set_log(d->listeners, d->log, "listening");
        notify_send("READY=1");
        event_base_dispatch(d->base);
        log_note(d->log, LOG_INFO, "ended", "name", d->spec->name);
    }
    close_all(d);
    return code;
}

static int check_config(struct daemon *d)
{
    char why[CONFIG_WHY_MAX] = "";
    enum status st = log_new(NULL, LOG_WARN, &d->log);

    if (!st)
        st = loaded_config(d->spec, d->options.config, &d->loaded, why, sizeof why);
    if (!st)
        st = loaded_model(d->spec, d->options.config, &d->loaded, d->log, NULL, why, sizeof why);
    loaded_clear(&d->loaded);
    log_free(d->log);
    if (st)
        return complain(d, why);
    puts("configuration ok");
    return EXIT_SUCCESS;
}

int daemon_main(const struct daemon_spec *spec, int argc, char **argv)
{
    struct daemon d = { .spec = spec, .gone_fd = -1 };
    int code;

    if (!daemon_options_read(spec, argc, argv, &d.options, &code))
        return code;
    return d.options.check_config ? check_config(&d) : serve(&d);
}
