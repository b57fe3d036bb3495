#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_client_private.h"
#include "secret.h"

enum { IN_FIRST = 4096 };

static void connect_next(struct client_connection *c);

static void set_deadline(struct client_connection *c, uint32_t ms)
{
    c->deadline_ms = client_now() + ms;
}

static void close_socket(struct client_connection *c)
{
    if (c->fd < 0)
        return;
    event_del(&c->read_event);
    event_del(&c->write_event);
    tls_free(c->tls);
    c->tls = NULL;
    close(c->fd);
    c->fd = -1;
}

static void clear_input(struct client_connection *c)
{
    if (c->in)
        secret_wipe(c->in, c->in_len); /* answers hold tokens */
    free(c->in);
    c->in = NULL;
    c->in_len = c->in_cap = c->scanned = c->head_len = c->body_len = 0;
    c->head_done = false;
}

static void become_idle(struct client_connection *c)
{
    struct http_client *client = c->client;

    c->state = CLIENT_IDLE;
    c->next_idle = client->idle;
    c->idle_link = &client->idle;
    if (c->next_idle)
        c->next_idle->idle_link = &c->next_idle;
    client->idle = c;
    client->idle_count++;
}

static void leave_idle(struct client_connection *c)
{
    if (!c->idle_link)
        return;
    *c->idle_link = c->next_idle;
    if (c->next_idle)
        c->next_idle->idle_link = c->idle_link;
    c->idle_link = NULL;
    c->client->idle_count--;
}

void client_connection_free(struct client_connection *c)
{
    leave_idle(c);
    if (c->resolving)
        evdns_getaddrinfo_cancel(c->resolving);
    if (c->addresses)
        evutil_freeaddrinfo(c->addresses);
    close_socket(c);
    clear_input(c);
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    c->client->connection_count--;
    free(c);
}

/* The connection is of no more use. Its call is tried elsewhere only where nothing can have been
 * done with it: no byte was written, or it may be repeated and a kept connection died under it
 * without an answer (RFC 9110 §9.2.2). */
static void give_up(struct client_connection *c, enum status st)
{
    struct http_client *client = c->client;
    struct pending *call = c->call;
    bool connected = c->state == CLIENT_WRITING || c->state == CLIENT_READING;
    bool untouched = connected && c->sent == 0;
    bool repeatable = call && call->idempotent && c->reused && c->in_len == 0 && st == ST_LOST;

    c->call = NULL;
    client_connection_free(c);
    if (!call)
        return;
    if ((untouched || repeatable) && !call->retried) {
        call->retried = true;
        client_requeue(client, call);
        return;
    }
    client_fail(client, call, !connected || untouched ? ST_UNAVAILABLE : st);
}

void client_connection_expire(struct client_connection *c)
{
    give_up(c, ST_TIMEOUT);
}

/* --- the answer --- */

/* Hands the response over, and keeps the connection if it can carry another call. */
static void complete(struct client_connection *c)
{
    struct http_client *client = c->client;
    struct pending *call = c->call;
    struct http_response response = { &c->head, { c->in + c->head_len, c->body_len } };
    bool whole = c->in_len == c->head_len + c->body_len && c->sent == call->len;
    /* What lies behind an answer, in TLS's buffer too, must not meet the next call. */
    bool more = c->tls && tls_has_pending(c->tls);
    bool keep = c->head.keep_alive && whole && !more;

    c->call = NULL;
    event_del(&c->write_event);
    call->done(call->arg, ST_OK, &response);
    secret_wipe(call->request, call->len);
    free(call);
    if (!keep) {
        client_connection_free(c);
    } else {
        clear_input(c);
        become_idle(c);
        c->reused = true;
        set_deadline(c, client->limits.idle_ms);
    }
    if (client->queue)
        event_active(client->wake, EV_TIMEOUT, 0);
}

static size_t in_max(const struct client_connection *c)
{
    return c->client->limits.message.head + c->client->limits.message.body + IN_FIRST;
}

/* The head's slices point into the buffer: it is read again where it lies after a move. */
static bool make_room(struct client_connection *c)
{
    if (c->in_len < c->in_cap)
        return true;
    size_t cap = c->in_cap ? c->in_cap * 2 : IN_FIRST;
    if (cap > in_max(c))
        cap = in_max(c);
    uint8_t *longer = cap > c->in_cap ? malloc(cap) : NULL;
    if (!longer)
        return false;
    if (c->in_len)
        memcpy(longer, c->in, c->in_len);
    if (c->in)
        secret_wipe(c->in, c->in_len);
    free(c->in);
    c->in = longer;
    c->in_cap = cap;
    return true;
}

static enum http1_progress read_head(struct client_connection *c, size_t len, size_t *head_len,
                                     enum http1_error *error)
{
    return http1_read_response((struct slice){ c->in, len }, &c->client->limits.message,
                               slice_of(c->call->method), &c->scanned, &c->head, head_len, error);
}

/* Drops an interim response (RFC 9110 §15.2); switching protocols was not asked for. */
static bool skip_interim(struct client_connection *c, size_t head_len)
{
    if (c->head.code >= 200)
        return true;
    if (c->head.code == 101)
        return false;
    c->in_len -= head_len;
    memmove(c->in, c->in + head_len, c->in_len);
    c->scanned = 0;
    return true;
}

static enum http1_progress parse_head(struct client_connection *c, enum http1_error *error)
{
    do {
        size_t head_len;
        enum http1_progress progress = read_head(c, c->in_len, &head_len, error);
        if (progress != HTTP1_DONE)
            return progress;
        if (!skip_interim(c, head_len)) {
            *error = HTTP1_MALFORMED;
            return HTTP1_REFUSED;
        }
        c->head_len = head_len;
    } while (c->head.code < 200);
    c->head_done = true;
    http1_body_begin(&c->body, &c->head, &c->client->limits.message);
    return HTTP1_DONE;
}

static enum http1_progress parse_body(struct client_connection *c, enum http1_error *error)
{
    size_t at = c->head_len + c->body_len, decoded, used;
    enum http1_progress progress =
        http1_body_read(&c->body, c->in + at, c->in_len - at, &decoded, &used, error);

    c->body_len += decoded;
    memmove(c->in + at + decoded, c->in + at + used, c->in_len - at - used);
    c->in_len -= used - decoded;
    return progress;
}

/* None was to be (RFC 9110 §12.5.3): whoever reads the body would misread it. */
static bool is_encoded(const struct http1_head *head)
{
    for (size_t i = 0; i < head->header_count; i++)
        if (slice_equal_nocase(head->headers[i].name, SLICE_LIT("Content-Encoding")) &&
            !slice_equal_nocase(head->headers[i].value, SLICE_LIT("identity")))
            return true;
    return false;
}

static void finish(struct client_connection *c)
{
    enum http1_error error;
    size_t head_len;

    c->scanned = 0;
    if (read_head(c, c->head_len, &head_len, &error) != HTTP1_DONE)
        give_up(c, ST_INTERNAL);
    else if (is_encoded(&c->head))
        give_up(c, ST_INVALID);
    else
        complete(c);
}

/* False if the connection is gone, or its call answered. */
static bool parse(struct client_connection *c)
{
    enum http1_error error = HTTP1_OK;
    enum http1_progress progress = HTTP1_DONE;

    if (!c->head_done)
        progress = parse_head(c, &error);
    if (progress == HTTP1_DONE)
        progress = parse_body(c, &error);
    if (progress == HTTP1_MORE)
        return true;
    if (progress == HTTP1_DONE)
        finish(c);
    else
        give_up(c, error == HTTP1_BODY_TOO_LARGE || error == HTTP1_HEAD_TOO_LARGE ? ST_TOO_LARGE
                                                                                  : ST_INVALID);
    return false;
}

static void on_end(struct client_connection *c)
{
    if (c->call && c->head_done && http1_body_ends_at_close(&c->body))
        finish(c);
    else
        give_up(c, ST_LOST);
}

static void read_on(struct client_connection *c)
{
    for (;;) {
        size_t n;
        if (!make_room(c)) {
            give_up(c, ST_TOO_LARGE);
            return;
        }
        switch (client_read(c, c->in + c->in_len, c->in_cap - c->in_len, &n)) {
        case CLIENT_IO_LATER:
            return;
        case CLIENT_IO_END:
            on_end(c);
            return;
        case CLIENT_IO_FAILED:
            give_up(c, ST_LOST);
            return;
        default:
            c->in_len += n;
            c->deadline_ms = c->call->deadline_ms; /* the first byte is there */
            if (!parse(c) || !c->tls)
                return;
        }
    }
}

/* --- the request --- */

static void write_on(struct client_connection *c)
{
    struct pending *call = c->call;

    while (c->sent < call->len) {
        size_t n;
        enum client_io io =
            client_write(c, (struct slice){ call->request + c->sent, call->len - c->sent }, &n);
        if (io == CLIENT_IO_LATER)
            return;
        if (io != CLIENT_IO_SOME) {
            give_up(c, ST_LOST);
            return;
        }
        c->sent += n;
    }
    c->state = CLIENT_READING;
    set_deadline(c, c->client->limits.first_byte_ms);
}

static void begin_call(struct client_connection *c)
{
    c->state = CLIENT_WRITING;
    c->sent = 0;
    c->deadline_ms = c->call->deadline_ms;
    write_on(c);
}

/* Whether the peer has closed, or said something that nobody asked for. */
static bool is_dead(const struct client_connection *c)
{
    uint8_t byte;

    return !(recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN);
}

bool client_connection_use(struct client_connection *c, struct pending *call)
{
    if (is_dead(c))
        return false;
    leave_idle(c);
    c->call = call;
    begin_call(c);
    return true;
}

/* --- opening --- */

static void handshake_on(struct client_connection *c)
{
    switch (client_io_of_tls(c, tls_handshake(c->tls))) {
    case CLIENT_IO_SOME:
        begin_call(c);
        return;
    case CLIENT_IO_LATER:
        return;
    default:
        give_up(c, ST_UNAVAILABLE);
    }
}

static void connected(struct client_connection *c)
{
    const int on = 1;

    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    event_add(&c->read_event, NULL);
    if (!c->client->tls) {
        begin_call(c);
        return;
    }
    c->state = CLIENT_HANDSHAKE;
    if (tls_new(c->client->tls, c->fd, slice_of(c->client->host), &c->tls))
        give_up(c, ST_UNAVAILABLE);
    else
        handshake_on(c);
}

static void on_connected(struct client_connection *c)
{
    int error = 0;
    socklen_t len = sizeof error;

    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error == 0) {
        connected(c);
        return;
    }
    client_log_failure(c, strerror(error));
    close_socket(c);
    connect_next(c);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct client_connection *c = arg;

    (void)fd;
    (void)what;
    if (c->state == CLIENT_HANDSHAKE)
        handshake_on(c);
    else if (c->state == CLIENT_IDLE)
        client_connection_free(c); /* closed, or speaking out of turn */
    else
        read_on(c);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct client_connection *c = arg;

    (void)fd;
    (void)what;
    if (c->state == CLIENT_CONNECTING)
        on_connected(c);
    else if (c->state == CLIENT_HANDSHAKE)
        handshake_on(c);
    else if (c->state == CLIENT_WRITING)
        write_on(c);
}

static bool try_address(struct client_connection *c, const struct evutil_addrinfo *address)
{
    c->fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        return false;
    event_assign(&c->read_event, c->client->base, c->fd, EV_READ | EV_PERSIST, on_readable, c);
    event_assign(&c->write_event, c->client->base, c->fd, EV_WRITE, on_writable, c);
    if (connect(c->fd, address->ai_addr, (socklen_t)address->ai_addrlen) == 0 ||
        errno == EINPROGRESS) {
        event_add(&c->write_event, NULL);
        return true;
    }
    client_log_failure(c, strerror(errno));
    close_socket(c);
    return false;
}

/* The next of the addresses that lets us begin. */
static void connect_next(struct client_connection *c)
{
    c->state = CLIENT_CONNECTING;
    while (c->address) {
        const struct evutil_addrinfo *address = c->address;
        c->address = address->ai_next;
        if (try_address(c, address))
            return;
    }
    give_up(c, ST_UNAVAILABLE);
}

static void on_resolved(int result, struct evutil_addrinfo *found, void *arg)
{
    struct client_connection *c = arg;

    if (result == EVUTIL_EAI_CANCEL)
        return; /* by client_connection_free */
    c->resolving = NULL;
    if (result)
        client_log_failure(c, evutil_gai_strerror(result));
    c->addresses = c->address = found;
    connect_next(c);
}

static struct client_connection *connection_new(struct http_client *client, struct pending *call)
{
    struct client_connection *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->client = client;
    c->call = call;
    c->fd = -1;
    c->next = client->connections;
    c->link = &client->connections;
    if (c->next)
        c->next->link = &c->next;
    client->connections = c;
    client->connection_count++;
    set_deadline(c, client->limits.connect_ms);
    return c;
}

enum status client_connection_open(struct http_client *client, struct pending *call)
{
    const struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC,
                                           .ai_socktype = SOCK_STREAM,
                                           .ai_protocol = IPPROTO_TCP };
    struct client_connection *c = connection_new(client, call);
    char port[8];

    if (!c)
        return ST_NO_MEMORY;
    evutil_snprintf(port, sizeof port, "%u", client->port);
    c->state = CLIENT_RESOLVING;
    /* May answer before it returns, and then returns NULL with the connection perhaps gone. */
    struct evdns_getaddrinfo_request *request =
        evdns_getaddrinfo(client->dns, client->host, port, &hints, on_resolved, c);
    if (request)
        c->resolving = request;
    return ST_OK;
}
