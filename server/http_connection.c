#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "http_server_private.h"

enum { IN_FIRST = 4096, LINGER_MS = 1000, LINGER_READ = 4096 };

uint64_t connection_now(void)
{
    return clock_steady(&SYSTEM_CLOCK);
}

static void set_deadline(struct connection *c, uint32_t ms)
{
    c->deadline_ms = connection_now() + ms;
}

/* Most requests fit into what a buffer has at first: some of those are kept. */
static void release_in(struct connection *c)
{
    struct http_server *s = c->server;

    if (c->in_cap == IN_FIRST && s->spare_buffer_count < SPARE_BUFFERS_MAX)
        s->spare_buffers[s->spare_buffer_count++] = c->in;
    else
        free(c->in);
    c->in = NULL;
    c->in_cap = 0;
}

/* The memory goes only when neither a handler nor connection_process holds the connection. */
static void maybe_free(struct connection *c)
{
    struct http_server *server = c->server;

    if (c->state != CONN_CLOSED || c->exchange || c->processing)
        return;
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    release_in(c);
    free(c->out);
    free(c);
    server_connection_gone(server);
}

void connection_close(struct connection *c)
{
    if (c->state != CONN_CLOSED) {
        if (c->exchange && c->state != CONN_WAITING)
            exchange_end(c->exchange); /* no handler has it */
        outbox_drop(c);
        event_del(&c->read_event);
        event_del(&c->write_event);
        close(c->fd);
        c->state = CONN_CLOSED;
        c->deadline_ms = 0;
    }
    maybe_free(c);
}

/* Closing with bytes unread would make the system send a reset, which can overtake the answer. */
static void linger(struct connection *c)
{
    shutdown(c->fd, SHUT_WR);
    c->state = CONN_LINGER;
    c->in_len = 0;
    release_in(c);
    set_deadline(c, LINGER_MS);
    if (c->read_paused)
        event_add(&c->read_event, NULL);
    c->read_paused = false;
}

/* Drops the request that has been answered and keeps what came behind it. */
static void next_request(struct connection *c)
{
    size_t done = c->head_len + c->body_len;

    c->in_len -= done;
    if (c->in_len)
        memmove(c->in, c->in + done, c->in_len);
    else
        release_in(c);
    c->head_len = c->body_len = c->scanned = 0;
    c->state = CONN_HEAD;
    set_deadline(c, c->in_len ? c->server->limits.head_ms : c->server->limits.idle_ms);
}

/* The whole reply has been taken. */
static void reply_done(struct connection *c)
{
    if (c->close_after || c->eof || c->server->draining) {
        if (c->linger_after || (c->server->draining && !c->eof))
            linger(c);
        else
            connection_close(c);
        return;
    }
    next_request(c);
    if (c->read_paused) {
        c->read_paused = false;
        event_add(&c->read_event, NULL);
    }
    if (!c->processing)
        connection_process(c);
}

static ssize_t send_some(struct connection *c, const uint8_t *data, size_t len)
{
    ssize_t n;

    do {
        n = send(c->fd, data, len, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? 0 : n;
}

/* Keeps a copy of what is left and waits until the peer takes it. */
static void keep_rest(struct connection *c, struct slice rest)
{
    c->out = malloc(rest.len);
    if (!c->out) {
        connection_close(c);
        return;
    }
    memcpy(c->out, rest.data, rest.len);
    c->out_len = rest.len;
    c->out_sent = 0;
    event_add(&c->write_event, NULL);
}

void connection_answered(struct connection *c)
{
    c->state = CONN_WRITING;
    set_deadline(c, c->server->limits.write_ms);
}

void connection_send(struct connection *c, struct slice data)
{
    ssize_t n = send_some(c, data.data, data.len);
    if (n < 0)
        connection_close(c);
    else if ((size_t)n < data.len)
        keep_rest(c, (struct slice){ data.data + n, data.len - (size_t)n });
    else
        reply_done(c);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct connection *c = arg;
    ssize_t n = send_some(c, c->out + c->out_sent, c->out_len - c->out_sent);

    (void)fd;
    (void)what;
    if (n < 0) {
        connection_close(c);
        return;
    }
    c->out_sent += (size_t)n;
    if (c->out_sent < c->out_len) {
        event_add(&c->write_event, NULL);
        return;
    }
    free(c->out);
    c->out = NULL;
    c->out_len = c->out_sent = 0;
    reply_done(c);
}

static void refuse(struct connection *c, unsigned code)
{
    c->close_after = c->linger_after = true;
    exchange_refuse_framing(c, code);
}

/* 100 (Continue) is worth a send of its own only while the body is still to come. */
static void send_continue(struct connection *c)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

    if (send_some(c, (const uint8_t *)text, sizeof text - 1) != sizeof text - 1)
        connection_close(c); /* a peer that takes not even this much, with nothing in its way */
}

static void begin_body(struct connection *c, size_t head_len)
{
    struct http_server *s = c->server;
    const struct http1_head *head = &c->exchange->head;

    c->exchange->read_at = (uintptr_t)c->in;
    c->head_len = head_len;
    c->body_len = 0;
    c->requests++;
    c->close_after = !head->keep_alive || c->requests >= s->limits.requests || s->draining;
    c->linger_after = c->close_after && head->keep_alive;
    http1_body_begin(&c->body, head, &s->limits.message);
    c->state = CONN_BODY;
    set_deadline(c, s->limits.body_ms);
    bool body_to_come = head->chunked || head->content_length > c->in_len - head_len;
    if (head->expect_continue && body_to_come)
        send_continue(c);
}

/* True if there is more to do with what is in the buffer. */
static bool read_head(struct connection *c)
{
    enum http1_error error = HTTP1_OK;
    size_t head_len = 0;

    if (c->in_len == 0)
        return false;
    if (!c->exchange)
        c->exchange = exchange_new(c);
    if (!c->exchange) {
        connection_close(c);
        return false;
    }
    switch (http1_read_request((struct slice){ c->in, c->in_len }, &c->server->limits.message,
                               &c->scanned, &c->exchange->head, &head_len, &error)) {
    case HTTP1_MORE:
        return false;
    case HTTP1_REFUSED:
        refuse(c, http1_error_code(error));
        return false;
    default:
        begin_body(c, head_len);
        return c->state == CONN_BODY;
    }
}

const struct trusted_proxies *connection_proxies(const struct connection *c)
{
    return c->anonymous ? NULL : c->server->proxies;
}

/* What the header names is who we speak with from here on. */
static void take_header(struct connection *c, const struct proxy_header *header, size_t len)
{
    const struct http_server *s = c->server;

    if (header->local)
        c->anonymous = true;
    else
        c->peer = header->source;
    c->in_len -= len;
    if (c->in_len)
        memmove(c->in, c->in + len, c->in_len);
    else
        release_in(c);
    c->state = CONN_HEAD;
    if (c->in_len)
        set_deadline(c, s->limits.head_ms);
    else
        set_deadline(c, s->draining ? FIRST_REQUEST_MS : s->limits.idle_ms);
}

/* Whoever sends no header speaks no HTTP that we would answer. */
static bool read_proxy(struct connection *c)
{
    struct proxy_header header;
    size_t len;

    switch (proxy_header_read((struct slice){ c->in, c->in_len }, c->proxy, &header, &len)) {
    case PROXY_MORE:
        return false;
    case PROXY_REFUSED:
        server_log_proxy(c->server, &c->peer, "it is malformed, or of another version");
        connection_close(c);
        return false;
    default:
        take_header(c, &header, len);
        return true;
    }
}

static void dispatch(struct connection *c)
{
    c->state = CONN_WAITING;
    c->deadline_ms = 0; /* the handler's calls have deadlines of their own */
    exchange_dispatch(c->exchange);
}

static bool read_body(struct connection *c)
{
    size_t at = c->head_len + c->body_len, decoded = 0, used = 0;
    enum http1_error error;
    enum http1_progress progress =
        http1_body_read(&c->body, c->in + at, c->in_len - at, &decoded, &used, &error);

    if (progress == HTTP1_REFUSED) {
        refuse(c, http1_error_code(error));
        return false;
    }
    /* What was framing and not body closes up. */
    c->body_len += decoded;
    memmove(c->in + at + decoded, c->in + at + used, c->in_len - at - used);
    c->in_len -= used - decoded;
    if (progress == HTTP1_MORE)
        return false;
    dispatch(c);
    return c->state == CONN_HEAD;
}

/* Whether what comes is read, and not kept until the answer is out. */
static bool is_reading(const struct connection *c)
{
    return c->state == CONN_PROXY || c->state == CONN_HEAD || c->state == CONN_BODY;
}

static bool read_some(struct connection *c)
{
    switch (c->state) {
    case CONN_PROXY:
        return read_proxy(c);
    case CONN_HEAD:
        return read_head(c);
    default:
        return read_body(c);
    }
}

void connection_process(struct connection *c)
{
    bool more = true;

    c->processing = true;
    while (more && is_reading(c))
        more = read_some(c);
    c->processing = false; /* which kept it until here: NOLINT(clang-analyzer-unix.Malloc) */
    if (c->eof && is_reading(c))
        connection_close(c); /* no more will come */
    else
        maybe_free(c);
}

/* The most that a request and a little of the next one can need. */
static size_t in_max(const struct connection *c)
{
    return c->server->limits.message.head + c->server->limits.message.body + IN_FIRST;
}

static uint8_t *first_buffer(struct http_server *s)
{
    return s->spare_buffer_count ? s->spare_buffers[--s->spare_buffer_count] : malloc(IN_FIRST);
}

static uint8_t *longer_buffer(struct connection *c, size_t cap)
{
    if (!c->in)
        return first_buffer(c->server);
    return cap > c->in_cap ? realloc(c->in, cap) : NULL;
}

static bool make_room(struct connection *c)
{
    if (c->in_len < c->in_cap)
        return true;
    size_t cap = c->in_cap ? c->in_cap * 2 : IN_FIRST;
    if (cap > in_max(c))
        cap = in_max(c);
    uint8_t *longer = longer_buffer(c, cap);
    if (!longer)
        return false;
    c->in = longer;
    c->in_cap = cap;
    return true;
}

/* While a handler has the request, its bytes must stay where they are. */
static bool can_read(struct connection *c)
{
    if (is_reading(c))
        return make_room(c);
    return c->in_len < c->in_cap;
}

static void drop_input(struct connection *c)
{
    uint8_t bytes[LINGER_READ];
    ssize_t n = recv(c->fd, bytes, sizeof bytes, 0);

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        connection_close(c);
}

static void pause_reading(struct connection *c)
{
    c->read_paused = true;
    event_del(&c->read_event);
}

/* The peer has sent all it will; an answer that is under way still goes out. */
static void on_end_of_input(struct connection *c)
{
    c->eof = true;
    pause_reading(c);
    if (is_reading(c))
        connection_close(c);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct connection *c = arg;

    (void)fd;
    (void)what;
    if (c->state == CONN_LINGER) {
        drop_input(c);
        return;
    }
    if (!can_read(c)) {
        pause_reading(c);
        return;
    }
    bool idle = c->state == CONN_HEAD && c->in_len == 0;
    ssize_t n = recv(c->fd, c->in + c->in_len, c->in_cap - c->in_len, 0);
    if (n < 0) {
        if (errno != EAGAIN && errno != EINTR)
            connection_close(c);
        return;
    }
    if (n == 0) {
        on_end_of_input(c);
        return;
    }
    c->in_len += (size_t)n;
    if (idle)
        set_deadline(c, c->server->limits.head_ms);
    if (is_reading(c))
        connection_process(c);
}

/* What a peer does not take must not stay in the system's buffers either, for as many minutes as it
 * likes to seem to be there. */
static void forget_unsent(const struct connection *c)
{
    const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void connection_expire(struct connection *c)
{
    bool started = (c->state == CONN_HEAD && c->in_len) || c->state == CONN_BODY;

    if (c->state == CONN_WRITING)
        forget_unsent(c);

    if (c->state == CONN_PROXY && c->in_len)
        server_log_proxy(c->server, &c->peer, "it is not whole within proxy_ms");
    if (started)
        refuse(c, 408);
    else
        connection_close(c);
}

void connection_accept(struct http_server *s, int fd, const struct peer *peer,
                       enum proxy_mode proxy)
{
    struct connection *c = calloc(1, sizeof *c);
    const int on = 1;

    if (!c) {
        close(fd);
        return;
    }
    if (!peer->local)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    c->server = s;
    c->fd = fd;
    c->peer = *peer;
    c->proxy = (uint8_t)proxy;
    c->state = proxy ? CONN_PROXY : CONN_HEAD;
    c->next = s->connections;
    c->link = &s->connections;
    if (c->next)
        c->next->link = &c->next;
    s->connections = c;
    server_connection_came(s);
    event_assign(&c->read_event, s->base, fd, EV_READ | EV_PERSIST, on_readable, c);
    event_assign(&c->write_event, s->base, fd, EV_WRITE, on_writable, c);
    event_add(&c->read_event, NULL);
    set_deadline(c, proxy ? s->limits.proxy_ms : s->limits.idle_ms);
}
