/* http_server: strict HTTP/1.1 on one loop; every request is answered once. */
#pragma once
#include <event2/event.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "http1.h"
#include "log.h"
#include "proxy_header.h"

struct http_server_limits {
    struct http1_limits message;
    uint32_t proxy_ms;    /* absolute deadline for a PROXY header, from the connection on */
    uint32_t head_ms;     /* absolute deadline for a head, from its first byte */
    uint32_t body_ms;     /* absolute deadline for a body, from the end of the head */
    uint32_t idle_ms;     /* between requests */
    uint32_t write_ms;    /* absolute deadline for a reply to be taken */
    uint32_t requests;    /* on one connection */
    uint32_t connections; /* on this loop; more are closed at once */
};
extern const struct http_server_limits HTTP_SERVER_DEFAULTS;

/* A request that waits for its answer. */
struct http_exchange;
typedef void http_handler_fn(struct http_exchange *ex, void *app);

/* A new endpoint is one row. */
struct http_route {
    const char *method; /* "*": any */
    const char *path;   /* exact, or with a last segment "*": whatever begins so */
    http_handler_fn *handler;
};

/* The request: borrowed until the reply. */
const struct http1_head *http_request_head(const struct http_exchange *ex);
struct slice http_request_body(const struct http_exchange *ex);
struct slice http_request_id(const struct http_exchange *ex); /* for logs and X-Request-Id */
struct slice http_peer_text(const struct http_exchange *ex);  /* client's address, no port */
/* Whether whoever speaks HTTP with us is one of the trusted proxies: the peer of the socket, or
 * whom its PROXY header names. */
bool http_peer_trusted(const struct http_exchange *ex);
struct event_base *http_exchange_base(const struct http_exchange *ex);

/* For the observer: it is told endpoint n of those behind the route. */
void http_count_as(struct http_exchange *ex, size_t n);

/* Memory that lives until the reply, zeroed, or for bytes that are written before they are read;
 * NULL when there is none. */
void *http_exchange_alloc(struct http_exchange *ex, size_t size);
void *http_exchange_bytes(struct http_exchange *ex, size_t size);
/* Called once when the exchange ends, replied or abandoned: release what the
 * handler holds. */
void http_exchange_on_end(struct http_exchange *ex, void (*fn)(void *arg), void *arg);

/* Answers, once. Everything is copied. Cache-Control: no-store is added unless
 * `headers` say otherwise, and Content-Length, Date and Connection as needed. The peer may be gone:
 * the reply is then dropped. */
struct http_header_field {
    const char *name;
    struct slice value;
};
void http_reply(struct http_exchange *ex, unsigned code, const char *content_type,
                const struct http_header_field *headers, size_t header_count, struct slice body);

/* Who is told what the server does. */
struct http_observer {
    /* `route` is a row's number; or route_count if there is none; or what http_count_as said,
     * from route_count + 1 on. The time is from dispatch to answer, 0 for what never was. */
    void (*replied)(void *arg, size_t route, unsigned code, uint64_t microseconds);
    void (*connections)(void *arg, size_t open);
};

struct http_server;
struct http_server_options {
    const struct http_route *routes;
    size_t route_count;
    void *app;                               /* handed to every handler */
    const struct http_server_limits *limits; /* copied */
    struct log *log;
    /* Peers whose Forwarded / X-Forwarded-For is believed: CIDR texts. */
    const char *const *trusted_proxies;
    size_t trusted_proxy_count;
    const struct http_observer *observer; /* or NULL */
    void *observer_arg;
};
enum status http_server_new(struct event_base *base, const struct http_server_options *options,
                            struct http_server **out) MUST_USE;
/* Serves connections accepted on fd (listening, non-blocking); takes fd. Where they begin with a
 * PROXY header, those of others than the trusted proxies are closed at once. */
enum status http_server_listen(struct http_server *s, int fd, enum proxy_mode proxy) MUST_USE;
/* Stops accepting, answers what is under way with Connection: close; calls
 * done once no connection is left. */
void http_server_drain(struct http_server *s, void (*done)(void *arg), void *arg);
void http_server_free(struct http_server *s);
size_t http_server_connections(const struct http_server *s);
