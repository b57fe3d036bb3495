#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "crypto.h"
#include "hex.h"
#include "http_server_private.h"

enum { HEAD_ROOM = 8192, ALLOW_MAX = 128 };

struct http_exchange *exchange_new(struct connection *c)
{
    struct http_server *s = c->server;
    struct http_exchange *ex = s->spare_exchanges;

    if (ex)
        s->spare_exchanges = ex->next_spare;
    else
        ex = malloc(sizeof *ex);
    if (!ex)
        return NULL;
    ex->connection = c;
    ex->replied = false;
    ex->arena = NULL;
    ex->on_end = NULL;
    ex->id[0] = '\0';
    ex->route = s->route_count;
    ex->began_us = 0;
    return ex;
}

void exchange_end(struct http_exchange *ex)
{
    struct http_server *s = ex->connection->server;

    ex->connection->exchange = NULL;
    if (ex->on_end)
        ex->on_end(ex->on_end_arg);
    arena_end(ex);
    ex->next_spare = s->spare_exchanges;
    s->spare_exchanges = ex;
}

void http_exchange_on_end(struct http_exchange *ex, void (*fn)(void *arg), void *arg)
{
    ex->on_end = fn;
    ex->on_end_arg = arg;
}

const struct http1_head *http_request_head(const struct http_exchange *ex)
{
    return &ex->head;
}

struct slice http_request_body(const struct http_exchange *ex)
{
    const struct connection *c = ex->connection;

    return (struct slice){ c->in + c->head_len, c->body_len };
}

struct slice http_request_id(const struct http_exchange *ex)
{
    return slice_of(ex->id);
}

struct slice http_peer_text(const struct http_exchange *ex)
{
    return slice_of(ex->peer);
}

bool http_peer_trusted(const struct http_exchange *ex)
{
    return trusted_proxies_have(connection_proxies(ex->connection), &ex->connection->peer);
}

void http_count_as(struct http_exchange *ex, size_t n)
{
    ex->route = ex->connection->server->route_count + 1 + n;
}

struct event_base *http_exchange_base(const struct http_exchange *ex)
{
    return ex->connection->server->base;
}

/* Out of a supply: what is drawn at once costs little more than one id. */
static void draw_id(struct http_exchange *ex)
{
    struct http_server *s = ex->connection->server;

    if (s->ids_left == 0) {
        crypto_random(s->ids[0], sizeof s->ids);
        s->ids_left = IDS_DRAWN;
    }
    hex_encode(ex->id, (struct slice){ s->ids[--s->ids_left], sizeof s->ids[0] });
}

/* The buffer has moved while the body came: read the same head where it lies now. */
static void read_again(struct http_exchange *ex)
{
    struct connection *c = ex->connection;
    enum http1_error error;
    size_t scanned = 0, consumed;
    enum http1_progress progress =
        http1_read_request((struct slice){ c->in, c->head_len }, &c->server->limits.message,
                           &scanned, &ex->head, &consumed, &error);

    assert(progress == HTTP1_DONE);
    (void)progress;
}

static bool is_path(const struct http_route *route, const struct http1_head *head)
{
    size_t len = strlen(route->path);

    if (len < 2 || strcmp(route->path + len - 2, "/*") != 0)
        return slice_is(head->path, route->path);
    return head->path.len >= len - 1 && memcmp(head->path.data, route->path, len - 1) == 0;
}

static bool is_method(const struct http_route *route, const struct http1_head *head)
{
    return strcmp(route->method, "*") == 0 || slice_is(head->method, route->method);
}

static const char *allowed_methods(const struct http_server *s, const struct http1_head *head,
                                   char out[static ALLOW_MAX])
{
    struct writer w = writer_over(out, ALLOW_MAX - 1);

    for (size_t i = 0; i < s->route_count; i++) {
        if (!is_path(&s->routes[i], head))
            continue;
        if (w.len)
            writer_text(&w, ", ");
        writer_text(&w, s->routes[i].method);
    }
    out[w.len] = '\0';
    return w.len ? out : NULL;
}

static void reply_error(struct http_exchange *ex, unsigned code, const char *error,
                        const char *allow)
{
    struct http_header_field field = { "Allow", slice_of(allow) };
    uint8_t text[64];
    struct writer body = writer_over(text, sizeof text);
    struct json_writer j = json_writer_over(&body);

    json_begin_object(&j, NULL);
    json_text(&j, "error", slice_of(error));
    json_end_object(&j);
    http_reply(ex, code, "application/json", &field, allow ? 1 : 0, writer_slice(&body));
}

void exchange_dispatch(struct http_exchange *ex)
{
    struct http_server *s = ex->connection->server;
    char allow_text[ALLOW_MAX];

    if (ex->read_at != (uintptr_t)ex->connection->in)
        read_again(ex);
    draw_id(ex);
    ex->began_us = clock_micros();
    forwarded_client(connection_proxies(ex->connection), &ex->connection->peer, &ex->head,
                     ex->peer);
    for (size_t i = 0; i < s->route_count; i++)
        if (is_path(&s->routes[i], &ex->head) && is_method(&s->routes[i], &ex->head)) {
            ex->route = i;
            s->routes[i].handler(ex, s->app);
            return;
        }
    const char *allow = allowed_methods(s, &ex->head, allow_text);
    if (allow)
        reply_error(ex, 405, "invalid_request", allow);
    else
        reply_error(ex, 404, "not_found", NULL);
}

void exchange_refuse_framing(struct connection *c, unsigned code)
{
    if (!c->exchange)
        c->exchange = exchange_new(c);
    if (!c->exchange) {
        connection_close(c);
        return;
    }
    reply_error(c->exchange, code, "invalid_request", NULL);
}

/* IMF-fixdate (RFC 9110 §5.6.7), made anew when the second changes. */
static struct slice date_of(struct http_server *s)
{
    time_t now = time(NULL);
    struct tm utc;

    if (now != s->date_at) {
        gmtime_r(&now, &utc);
        strftime(s->date, sizeof s->date, "%a, %d %b %Y %H:%M:%S GMT", &utc);
        s->date_at = now;
    }
    return slice_of(s->date);
}

/* RFC 9110 §8.6: these have neither a body nor its length. */
static bool has_length(unsigned code)
{
    return code != 204 && code != 304;
}

/* RFC 9110 §9.3.2: after an answer to HEAD, a body would be read as the next answer. Only what was
 * dispatched has an id and a head that was read. */
static bool has_body(const struct http_exchange *ex, unsigned code)
{
    return has_length(code) && !(ex->id[0] && slice_is(ex->head.method, "HEAD"));
}

static void write_length(struct writer *w, size_t len)
{
    char digits[24];
    struct writer text = writer_over(digits, sizeof digits);

    writer_decimal(&text, (int64_t)len);
    http1_write_header(w, SLICE_LIT("Content-Length"), writer_slice(&text));
}

static bool has_header(const struct http_header_field *headers, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(headers[i].name, name) == 0)
            return true;
    return false;
}

static void write_reply(struct http_exchange *ex, struct writer *w, unsigned code,
                        const char *content_type, const struct http_header_field *headers,
                        size_t header_count, struct slice body)
{
    http1_write_status(w, code);
    http1_write_header(w, SLICE_LIT("Date"), date_of(ex->connection->server));
    if (!has_header(headers, header_count, "Cache-Control"))
        http1_write_header(w, SLICE_LIT("Cache-Control"), SLICE_LIT("no-store"));
    if (ex->id[0])
        http1_write_header(w, SLICE_LIT("X-Request-Id"), slice_of(ex->id));
    if (content_type)
        http1_write_header(w, SLICE_LIT("Content-Type"), slice_of(content_type));
    for (size_t i = 0; i < header_count; i++)
        http1_write_header(w, slice_of(headers[i].name), headers[i].value);
    if (has_length(code))
        write_length(w, body.len);
    if (ex->connection->close_after)
        http1_write_header(w, SLICE_LIT("Connection"), SLICE_LIT("close"));
    http1_write_end(w);
    if (has_body(ex, code))
        writer_put(w, body);
}

static size_t headers_size(const struct http_header_field *headers, size_t count)
{
    size_t size = 0;

    for (size_t i = 0; i < count; i++)
        size += strlen(headers[i].name) + headers[i].value.len + 4;
    return size;
}

static void observe(const struct http_exchange *ex, unsigned code)
{
    const struct http_server *s = ex->connection->server;

    if (s->observer)
        s->observer->replied(s->observer_arg, ex->route, code,
                             ex->began_us ? clock_micros() - ex->began_us : 0);
}

void http_reply(struct http_exchange *ex, unsigned code, const char *content_type,
                const struct http_header_field *headers, size_t header_count, struct slice body)
{
    struct connection *c = ex->connection;
    struct http_server *s = c->server;

    if (ex->replied)
        abort(); /* a second answer would go to whoever has the exchange now */
    ex->replied = true;
    observe(ex, code);
    c->close_after = c->close_after || s->draining;
    size_t room = HEAD_ROOM + headers_size(headers, header_count) + body.len;
    uint8_t *text = c->state == CONN_CLOSED ? NULL : outbox_reserve(s, room);
    struct writer w = writer_over(text, text ? room : 0);
    if (text)
        write_reply(ex, &w, code, content_type, headers, header_count, body);
    exchange_end(ex);
    /* A header that would have split the reply: nothing of it may go out. */
    if (!text || w.full)
        connection_close(c);
    else
        outbox_add(c, w.len);
}
