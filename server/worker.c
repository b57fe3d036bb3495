#include "worker.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "daemon_metrics.h"
#include "readiness.h"
#include "store_metered.h"

enum phase { STARTING, SERVING, ENDED };

struct worker_thread {
    struct worker worker;
    const struct worker_setup *setup;
    struct event *mail;
    struct event *beat; /* says how it is */
    bool hooked;        /* worker_start went well */

    pthread_t thread;
    int mail_fd;

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    enum phase phase;
    enum status outcome; /* of the start */
    struct model_ref *offered;
    bool drain;
};

/* --- in the worker's thread --- */

static void set_phase(struct worker_thread *t, enum phase phase, enum status outcome)
{
    pthread_mutex_lock(&t->lock);
    t->phase = phase;
    t->outcome = outcome;
    pthread_cond_signal(&t->changed);
    pthread_mutex_unlock(&t->lock);
}

struct hooks {
    enum status (*start)(struct worker *w);
    void (*reload)(struct worker *w);
    void (*stop)(struct worker *w);
};

static struct hooks hooks_of(const struct worker_thread *t)
{
    const struct daemon_spec *spec = t->setup->spec;

    if (!t->setup->listeners)
        return (struct hooks){ spec->side_start, spec->side_reload, spec->side_stop };
    return (struct hooks){ spec->worker_start, spec->worker_reload, spec->worker_stop };
}

static void switch_model(struct worker_thread *t, struct model_ref *model)
{
    struct model_ref *former = t->worker.model;

    t->worker.model = model;
    if (hooks_of(t).reload)
        hooks_of(t).reload(&t->worker);
    model_ref_drop(former);
    pthread_mutex_lock(&t->lock);
    t->offered = NULL;
    pthread_cond_signal(&t->changed);
    pthread_mutex_unlock(&t->lock);
}

static void on_drained(void *arg)
{
    struct worker_thread *t = arg;

    event_base_loopbreak(t->worker.base);
}

static void on_mail(evutil_socket_t fd, short what, void *arg)
{
    struct worker_thread *t = arg;
    eventfd_t count;

    (void)what;
    (void)eventfd_read(fd, &count);
    pthread_mutex_lock(&t->lock);
    struct model_ref *offered = t->offered;
    bool drain = t->drain;
    t->drain = false;
    pthread_mutex_unlock(&t->lock);
    if (offered)
        switch_model(t, offered);
    if (drain)
        http_server_drain(t->worker.http, on_drained, t);
}

static enum status open_loop(struct worker_thread *t)
{
    struct event_config *config = event_config_new();

    /* Only this thread touches its base: others write to the mailbox. */
    if (config && event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0)
        t->worker.base = event_base_new_with_config(config);
    if (config)
        event_config_free(config);
    if (!t->worker.base)
        return ST_NO_MEMORY;
    t->mail = event_new(t->worker.base, t->mail_fd, EV_READ | EV_PERSIST, on_mail, t);
    if (!t->mail || event_add(t->mail, NULL) != 0)
        return ST_NO_MEMORY;
    return log_for_loop(t->setup->log, t->worker.base, &t->worker.log);
}

static void on_beat(evutil_socket_t fd, short what, void *arg)
{
    const struct worker_thread *t = arg;
    const struct worker *w = &t->worker;

    (void)fd, (void)what;
    readiness_tell(w->readiness, w->index, store_ready(w->store));
}

static enum status open_beat(struct worker_thread *t)
{
    const struct timeval every = { .tv_usec = READINESS_EVERY_MS * 1000 };

    t->beat = event_new(t->worker.base, -1, EV_PERSIST, on_beat, t);
    if (!t->beat || event_add(t->beat, &every) != 0)
        return ST_NO_MEMORY;
    on_beat(-1, EV_TIMEOUT, t);
    return ST_OK;
}

static enum status open_redis(struct worker_thread *t, struct store **out)
{
    struct worker *w = &t->worker;
    const char *why;
    enum status st =
        store_redis_open(&t->setup->config->redis_settings, w->base, w->log, out, &why);

    if (st)
        log_note(w->log, LOG_ERROR, "store cannot be opened", "why", why);
    return st;
}

static enum status open_store(struct worker_thread *t)
{
    struct worker *w = &t->worker;
    struct store *store;
    enum status st = t->setup->memory ? store_memory_attach(t->setup->memory, w->base, &store)
                                      : open_redis(t, &store);

    return st ? st : store_metered_new(store, w->meter, &w->store);
}

static enum status open_hooks(struct worker_thread *t)
{
    enum status st = hooks_of(t).start ? hooks_of(t).start(&t->worker) : ST_OK;

    t->hooked = st == ST_OK;
    return st;
}

static enum status open_server(struct worker_thread *t)
{
    const struct config_daemon *config = t->setup->config;
    const struct http_server_options options = {
        .routes = t->setup->spec->routes,
        .route_count = t->setup->spec->route_count,
        .app = &t->worker,
        .limits = &config->http,
        .log = t->worker.log,
        .trusted_proxies = config->trusted_proxies,
        .trusted_proxy_count = config->trusted_proxy_count,
        .observer = &METER_OBSERVER,
        .observer_arg = t->worker.meter,
    };
    enum status st = http_server_new(t->worker.base, &options, &t->worker.http);

    size_t count = t->setup->listeners ? listener_set_count(t->setup->listeners) : 0;
    for (size_t i = 0; !st && i < count; i++)
        st = http_server_listen(t->worker.http,
                                listener_set_take(t->setup->listeners, t->worker.index, i),
                                listener_set_proxy(t->setup->listeners, i));
    return st;
}

static enum status open_all(struct worker_thread *t)
{
    enum status st = open_loop(t);

    if (!st)
        st = open_store(t);
    if (!st)
        st = open_hooks(t);
    if (!st)
        st = open_server(t);
    if (!st)
        st = open_beat(t);
    return st;
}

static void close_all(struct worker_thread *t)
{
    struct worker *w = &t->worker;

    if (t->hooked && hooks_of(t).stop)
        hooks_of(t).stop(w);
    http_server_free(w->http);
    store_free(w->store);
    if (t->hooked && !t->setup->listeners && t->setup->spec->side_free)
        t->setup->spec->side_free(w->state);
    if (t->beat)
        event_free(t->beat);
    if (t->mail)
        event_free(t->mail);
    log_free(w->log);
    if (w->base)
        event_base_free(w->base);
    model_ref_drop(w->model);
}

static void *run(void *arg)
{
    struct worker_thread *t = arg;
    int gone_fd = t->setup->gone_fd;
    enum status st = open_all(t);

    if (!st) {
        log_flush(t->worker.log); /* before those start that rely on this one */
        set_phase(t, SERVING, ST_OK);
        event_base_dispatch(t->worker.base);
    }
    close_all(t);
    set_phase(t, ENDED, st);
    (void)eventfd_write(gone_fd, 1);
    return NULL;
}

/* --- in the main thread --- */

static void release(struct worker_thread *t)
{
    pthread_cond_destroy(&t->changed);
    pthread_mutex_destroy(&t->lock);
    close(t->mail_fd);
    free(t);
}

static enum status await_start(struct worker_thread *t)
{
    pthread_mutex_lock(&t->lock);
    while (t->phase == STARTING)
        pthread_cond_wait(&t->changed, &t->lock);
    enum status st = t->outcome;
    pthread_mutex_unlock(&t->lock);
    return st;
}

enum status worker_thread_start(const struct worker_setup *setup, unsigned index,
                                struct model_ref *model, struct worker_thread **out)
{
    struct worker_thread *t = calloc(1, sizeof *t);

    if (!t)
        return ST_NO_MEMORY;
    t->setup = setup;
    t->worker = (struct worker){
        .index = index,
        .clock = &SYSTEM_CLOCK,
        .meter = metrics_meter(setup->metrics, index),
        .rates = setup->rates,
        .readiness = setup->readiness,
        .side = setup->side,
        .redis = setup->memory ? NULL : &setup->config->redis_settings,
        .model = model_ref_hold(model),
    };
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->changed, NULL);
    t->mail_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (t->mail_fd < 0 || pthread_create(&t->thread, NULL, run, t) != 0) {
        model_ref_drop(model);
        release(t);
        return ST_IO;
    }
    enum status st = await_start(t);
    if (st)
        worker_thread_join(t);
    else
        *out = t;
    return st;
}

void *worker_thread_state(const struct worker_thread *t)
{
    return t->worker.state;
}

void worker_thread_offer(struct worker_thread *t, struct model_ref *model)
{
    pthread_mutex_lock(&t->lock);
    t->offered = model_ref_hold(model);
    pthread_mutex_unlock(&t->lock);
    (void)eventfd_write(t->mail_fd, 1);
}

void worker_thread_await_switch(struct worker_thread *t)
{
    pthread_mutex_lock(&t->lock);
    while (t->offered)
        pthread_cond_wait(&t->changed, &t->lock);
    pthread_mutex_unlock(&t->lock);
}

void worker_thread_drain(struct worker_thread *t)
{
    pthread_mutex_lock(&t->lock);
    t->drain = true;
    pthread_mutex_unlock(&t->lock);
    (void)eventfd_write(t->mail_fd, 1);
}

void worker_thread_join(struct worker_thread *t)
{
    pthread_join(t->thread, NULL);
    release(t);
}
