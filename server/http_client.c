#include "http_client.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "http_client_private.h"
#include "resolver.h"
#include "secret.h"

enum { HEAD_ROOM = 512 };
static const struct timeval TICK = { .tv_usec = 50 * 1000 };

const struct http_client_limits HTTP_CLIENT_DEFAULTS = {
    .message = { .head = 16 * 1024, .body = 256 * 1024, .headers = HTTP1_HEADERS_MAX },
    .connect_ms = 3000,
    .first_byte_ms = 10000,
    .total_ms = 20000,
    .idle_ms = 30000,
    .connections = 64,
    .queue = 1024,
};

uint64_t client_now(void)
{
    return clock_steady(&SYSTEM_CLOCK);
}

/* Requests carry secrets. */
static void free_call(struct pending *call)
{
    secret_wipe(call->request, call->len);
    free(call);
}

void client_fail(struct http_client *client, struct pending *call, enum status st)
{
    call->outcome = st;
    call->next = client->failed;
    client->failed = call;
    event_active(client->wake, EV_TIMEOUT, 0);
}

static void enqueue(struct http_client *client, struct pending *call)
{
    call->next = NULL;
    *client->queue_end = call;
    client->queue_end = &call->next;
    client->queue_len++;
}

void client_requeue(struct http_client *client, struct pending *call)
{
    call->next = client->queue;
    client->queue = call;
    if (!call->next)
        client->queue_end = &call->next;
    client->queue_len++;
    event_active(client->wake, EV_TIMEOUT, 0);
}

static struct pending *dequeue(struct http_client *client)
{
    struct pending *call = client->queue;

    client->queue = call->next;
    if (!client->queue)
        client->queue_end = &client->queue;
    client->queue_len--;
    return call;
}

/* Over an idle connection that still lives, or a new one. */
static void start(struct http_client *client, struct pending *call)
{
    struct client_connection *idle;

    while ((idle = client->idle) != NULL) {
        if (client_connection_use(idle, call))
            return;
        client_connection_free(idle);
    }
    enum status st = client_connection_open(client, call);
    if (st)
        client_fail(client, call, st);
}

/* How many calls need not wait for another one's end. */
static size_t free_connections(const struct http_client *client)
{
    size_t most = client->limits.connections;

    return client->idle_count +
           (client->connection_count < most ? most - client->connection_count : 0);
}

static bool can_start(const struct http_client *client)
{
    return client->queue && free_connections(client);
}

/* What is told to upstream has been logged. */
void client_pump(struct http_client *client)
{
    if (!can_start(client))
        return;
    log_flush(client->log);
    do
        start(client, dequeue(client));
    while (can_start(client));
}

static void tell_failed(struct http_client *client)
{
    struct pending *call = client->failed;

    client->failed = NULL;
    while (call) {
        struct pending *next = call->next;
        call->done(call->arg, call->outcome, NULL);
        free_call(call);
        call = next;
    }
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    struct http_client *client = arg;

    (void)fd;
    (void)what;
    tell_failed(client);
    client_pump(client);
}

static void expire_queue(struct http_client *client, uint64_t now)
{
    struct pending **link = &client->queue;

    while (*link) {
        struct pending *call = *link;
        if (call->deadline_ms > now) {
            link = &call->next;
            continue;
        }
        *link = call->next;
        client->queue_len--;
        client_fail(client, call, ST_UNAVAILABLE);
    }
    client->queue_end = link;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct http_client *client = arg;
    uint64_t now = client_now();
    struct client_connection *next;

    (void)fd;
    (void)what;
    expire_queue(client, now);
    for (struct client_connection *c = client->connections; c; c = next) {
        next = c->next;
        if (c->deadline_ms <= now || (c->call && c->call->deadline_ms <= now))
            client_connection_expire(c);
    }
    client_pump(client);
    if (!client->connections && !client->queue)
        event_del(client->tick);
}

enum status http_client_new(struct event_base *base, const struct url *origin,
                            const struct http_client_limits *limits, struct tls_settings *tls,
                            struct log *log, struct http_client **out)
{
    struct http_client *client = calloc(1, sizeof *client);

    if (!client)
        return ST_NO_MEMORY;
    *client = (struct http_client){
        .base = base, .limits = *limits, .tls = tls, .log = log, .port = origin->port
    };
    client->queue_end = &client->queue;
    enum status st = slice_copy_text(origin->host, client->host, sizeof client->host);
    if (!st)
        st = slice_copy_text(origin->authority, client->authority, sizeof client->authority);
    if (!st) {
        client->dns = resolver_new(base);
        client->wake = event_new(base, -1, 0, on_wake, client);
        client->tick = event_new(base, -1, EV_PERSIST, on_tick, client);
        st = client->dns && client->wake && client->tick ? ST_OK : ST_NO_MEMORY;
    }
    if (st)
        http_client_free(client);
    else
        *out = client;
    return st;
}

void http_client_free(struct http_client *client)
{
    if (!client)
        return;
    while (client->connections) {
        struct client_connection *c = client->connections;
        struct pending *call = c->call;
        c->call = NULL;
        if (call)
            client_fail(client, call, ST_UNAVAILABLE);
        client_connection_free(c);
    }
    while (client->queue)
        client_fail(client, dequeue(client), ST_UNAVAILABLE);
    if (client->wake)
        tell_failed(client);
    if (client->wake)
        event_free(client->wake);
    if (client->tick)
        event_free(client->tick);
    if (client->dns)
        evdns_base_free(client->dns, 0);
    free(client);
}

/* White space or a control would end the request line, and begin what the caller did not write. */
static bool is_target(struct slice target)
{
    for (size_t i = 0; i < target.len; i++)
        if (target.data[i] <= ' ' || target.data[i] == 0x7f)
            return false;
    return target.len > 0;
}

static bool is_method_with_body(const struct http_call *call)
{
    return call->body.len || strcmp(call->method, "POST") == 0;
}

static void write_request(struct writer *w, const struct http_client *client,
                          const struct http_call *call)
{
    char digits[24];
    struct writer length = writer_over(digits, sizeof digits);

    http1_write_request(w, call->method, call->target, slice_of(client->authority));
    http1_write_header(w, SLICE_LIT("Accept-Encoding"), SLICE_LIT("identity"));
    for (size_t i = 0; i < call->header_count; i++)
        http1_write_header(w, call->headers[i].name, call->headers[i].value);
    writer_decimal(&length, (int64_t)call->body.len);
    if (is_method_with_body(call))
        http1_write_header(w, SLICE_LIT("Content-Length"), writer_slice(&length));
    http1_write_end(w);
    writer_put(w, call->body);
}

static size_t request_room(const struct http_client *client, const struct http_call *call)
{
    size_t room = HEAD_ROOM + sizeof client->authority + call->target.len + call->body.len;

    for (size_t i = 0; i < call->header_count; i++)
        room += call->headers[i].name.len + call->headers[i].value.len + 4;
    return room;
}

/* What says no later on. Without memory even for that nobody can be answered: end, and be started
 * anew. */
static struct pending *pending_without_memory(http_client_fn *done, void *arg)
{
    struct pending *p = calloc(1, sizeof *p);

    if (!p)
        abort();
    p->done = done;
    p->arg = arg;
    p->outcome = ST_NO_MEMORY;
    return p;
}

static struct pending *pending_new(const struct http_client *client, const struct http_call *call,
                                   http_client_fn *done, void *arg)
{
    size_t room = request_room(client, call);
    struct pending *p = malloc(sizeof *p + room);

    if (!p)
        return pending_without_memory(done, arg);
    *p = (struct pending){ .done = done,
                           .arg = arg,
                           .idempotent = call->idempotent,
                           .deadline_ms = client_now() + client->limits.total_ms };
    struct writer w = writer_over(p->request, room);
    write_request(&w, client, call);
    p->len = w.len;
    if (w.full || !is_target(call->target) ||
        slice_copy_text(slice_of(call->method), p->method, sizeof p->method))
        p->outcome = ST_INVALID;
    return p;
}

void http_client_send(struct http_client *client, const struct http_call *call,
                      http_client_fn *done, void *arg)
{
    struct pending *p = pending_new(client, call, done, arg);

    if (!event_pending(client->tick, EV_TIMEOUT, NULL))
        event_add(client->tick, &TICK);
    if (p->outcome)
        client_fail(client, p, p->outcome);
    else if (client->queue_len >= client->limits.queue + free_connections(client))
        client_fail(client, p, ST_BUSY);
    else
        enqueue(client, p);
    event_active(client->wake, EV_TIMEOUT, 0); /* once the loop has run what is ready */
}
