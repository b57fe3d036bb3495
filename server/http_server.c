#include "http_server.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "http_server_private.h"

enum {
    ACCEPT_BATCH = 64,
    LAST_BATCHES = 128, /* more than can wait */
    PROXY_LOG_MS = 1000,
    PAUSE_LOG_MS = 1000
};
static const struct timeval TICK = { .tv_usec = 100 * 1000 };

const struct http_server_limits HTTP_SERVER_DEFAULTS = {
    .message = { .head = 16 * 1024, .body = 64 * 1024, .headers = HTTP1_HEADERS_MAX },
    .proxy_ms = 3000,
    .head_ms = 5000,
    .body_ms = 10000,
    .idle_ms = 60000,
    .write_ms = 10000,
    .requests = 1000,
    .connections = 20000,
};

static bool is_out_of_descriptors(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void listeners_switch(struct http_server *s, bool on)
{
    for (struct listener *l = s->listeners; l; l = l->next)
        if (on)
            event_add(l->event, NULL);
        else
            event_del(l->event);
}

/* Deadlines are looked at ten times a second while there is a connection. */
static void tick_start(struct http_server *s)
{
    if (!event_pending(s->tick, EV_TIMEOUT, NULL))
        event_add(s->tick, &TICK);
}

static void take_connection(const struct listener *l, int fd, const struct sockaddr *address,
                            socklen_t len)
{
    struct http_server *s = l->server;
    struct peer peer = peer_of(address, len);

    if (s->connection_count >= s->limits.connections) {
        close(fd);
    } else if (l->proxy && !trusted_proxies_have(s->proxies, &peer)) {
        server_log_proxy(s, &peer, "it is none of trusted_proxies");
        close(fd);
    } else {
        connection_accept(s, fd, &peer, l->proxy);
        tick_start(s);
    }
}

/* Until the next tick: whoever waits makes the descriptor readable all the time. */
static void pause_accepting(struct http_server *s)
{
    uint64_t now = connection_now();

    if (now >= s->pause_log_ms) {
        log_note(s->log, LOG_WARN, "accept paused", "reason", "out of descriptors or memory");
        s->pause_log_ms = now + PAUSE_LOG_MS;
    }
    listeners_switch(s, false);
    s->accept_paused = true;
    tick_start(s);
}

/* False if nobody waits any more. */
static bool accept_batch(const struct listener *l)
{
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        struct sockaddr_storage address = { 0 };
        socklen_t len = sizeof address;
        int fd = accept4(l->fd, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            take_connection(l, fd, (struct sockaddr *)&address, len);
            continue;
        }
        if (is_out_of_descriptors(errno))
            pause_accepting(l->server);
        return false;
    }
    return true;
}

static void on_acceptable(evutil_socket_t listening, short what, void *arg)
{
    (void)listening, (void)what;
    accept_batch(arg);
}

/* All whom the kernel has accepted for us already; those who come meanwhile are not waited for. */
static void accept_rest(const struct listener *l)
{
    for (int i = 0; i < LAST_BATCHES && accept_batch(l); i++)
        ;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct http_server *s = arg;
    uint64_t now = connection_now();
    struct connection *next;

    (void)fd;
    (void)what;
    if (s->accept_paused) {
        s->accept_paused = false;
        listeners_switch(s, true);
    }
    for (struct connection *c = s->connections; c; c = next) {
        next = c->next;
        if (c->deadline_ms && c->deadline_ms <= now)
            connection_expire(c);
    }
    if (s->connection_count == 0)
        event_del(s->tick);
}

enum status http_server_new(struct event_base *base, const struct http_server_options *options,
                            struct http_server **out)
{
    struct http_server *s = calloc(1, sizeof *s);

    if (!s)
        return ST_NO_MEMORY;
    s->base = base;
    s->routes = options->routes;
    s->route_count = options->route_count;
    s->app = options->app;
    s->limits = *options->limits;
    s->log = options->log;
    s->observer = options->observer;
    s->observer_arg = options->observer_arg;
    s->date_at = -1;
    s->tick = event_new(base, -1, EV_PERSIST, on_tick, s);
    enum status st = s->tick ? outbox_init(s) : ST_NO_MEMORY;
    if (!st)
        st = trusted_proxies_new(options->trusted_proxies, options->trusted_proxy_count,
                                 &s->proxies);
    if (st) {
        http_server_free(s);
        return st;
    }
    *out = s;
    return ST_OK;
}

enum status http_server_listen(struct http_server *s, int fd, enum proxy_mode proxy)
{
    struct listener *l = calloc(1, sizeof *l);

    if (l)
        l->event = event_new(s->base, fd, EV_READ | EV_PERSIST, on_acceptable, l);
    if (!l || !l->event) {
        free(l);
        close(fd);
        return ST_NO_MEMORY;
    }
    l->server = s;
    l->proxy = proxy;
    l->fd = fd;
    l->next = s->listeners;
    s->listeners = l;
    event_add(l->event, NULL);
    return ST_OK;
}

static void close_listeners(struct http_server *s)
{
    while (s->listeners) {
        struct listener *l = s->listeners;
        s->listeners = l->next;
        event_free(l->event);
        close(l->fd);
        free(l);
    }
    s->accept_paused = false;
}

static void report_drained(struct http_server *s)
{
    void (*drained)(void *) = s->drained;

    s->drained = NULL;
    if (drained)
        drained(s->drained_arg);
}

static void observe_connections(const struct http_server *s)
{
    if (s->observer)
        s->observer->connections(s->observer_arg, s->connection_count);
}

/* Whoever floods us must not flood the log: a line a second at most. */
void server_log_proxy(struct http_server *s, const struct peer *peer, const char *why)
{
    uint64_t now = connection_now();
    char text[PEER_TEXT_MAX];
    struct log_line line;

    if (now < s->proxy_log_ms) {
        s->proxy_unlogged++;
        return;
    }
    s->proxy_log_ms = now + PROXY_LOG_MS;
    peer_text(peer, text);
    log_begin(&line, s->log, LOG_WARN, "PROXY header refused");
    log_word(&line, "peer", text);
    log_word(&line, "reason", why);
    log_int(&line, "more", (int64_t)s->proxy_unlogged); /* since the last line like this */
    log_end(&line);
    s->proxy_unlogged = 0;
}

void server_connection_came(struct http_server *s)
{
    s->connection_count++;
    observe_connections(s);
}

void server_connection_gone(struct http_server *s)
{
    s->connection_count--;
    observe_connections(s);
    if (s->draining && s->connection_count == 0)
        report_drained(s);
}

void http_server_drain(struct http_server *s, void (*done)(void *arg), void *arg)
{
    struct connection *next;

    /* Whoever the kernel has accepted for us already is served. */
    for (const struct listener *l = s->listeners; l; l = l->next)
        accept_rest(l);
    close_listeners(s);
    s->draining = true;
    s->drained = done;
    s->drained_arg = arg;
    for (struct connection *c = s->connections; c; c = next) {
        next = c->next;
        bool quiet = c->in_len == 0 && (c->state == CONN_HEAD || c->state == CONN_PROXY);
        if (quiet && c->requests)
            connection_close(c);
        else if (quiet)
            c->deadline_ms = connection_now() + FIRST_REQUEST_MS;
    }
    if (s->connection_count == 0)
        report_drained(s);
}

void http_server_free(struct http_server *s)
{
    if (!s)
        return;
    close_listeners(s);
    s->drained = NULL;
    s->draining = true; /* answers go out, but no request is handled any more */
    outbox_send(s);
    while (s->connections) {
        struct connection *c = s->connections;
        if (c->exchange)
            exchange_end(c->exchange);
        connection_close(c);
    }
    while (s->spare_exchanges) {
        struct http_exchange *ex = s->spare_exchanges;
        s->spare_exchanges = ex->next_spare;
        free(ex);
    }
    arena_free_spares(s);
    while (s->spare_buffer_count)
        free(s->spare_buffers[--s->spare_buffer_count]);
    if (s->tick)
        event_free(s->tick);
    trusted_proxies_free(s->proxies);
    outbox_clear(s);
    free(s);
}

size_t http_server_connections(const struct http_server *s)
{
    return s->connection_count;
}
