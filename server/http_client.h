/* http_client: pooled strict HTTP/1.1 requests to one origin, on one loop. */
#pragma once
#include <event2/event.h>

#include "http1.h"
#include "log.h"
#include "tls.h"
#include "url.h"

struct http_client_limits {
    struct http1_limits message; /* of the response */
    uint32_t connect_ms;         /* resolve, connect and TLS handshake */
    uint32_t first_byte_ms;      /* from the request written to the first byte of the answer */
    uint32_t total_ms;           /* from the call to the whole answer, the queue included */
    uint32_t idle_ms;            /* a pooled connection is dropped after this */
    uint32_t connections;        /* to the origin, from this loop */
    uint32_t queue;              /* calls waiting for one; more are ST_BUSY */
};
extern const struct http_client_limits HTTP_CLIENT_DEFAULTS;

/* Borrowed for the callback. */
struct http_response {
    const struct http1_head *head;
    struct slice body;
};

/* Fires exactly once, never before http_client_send has returned.
 * ST_OK with a response of any code; ST_BUSY, ST_UNAVAILABLE: nothing was
 * written; ST_LOST: written, no whole answer came (reset, cut short);
 * ST_TIMEOUT: written, the deadline passed; ST_INVALID, ST_TOO_LARGE: the
 * answer is malformed, encoded though none was to be, or too large. A request is
 * written once: it is tried on another connection only while no byte of it has
 * been written, or, where `idempotent`, when a pooled connection closes before a byte of answer. */
typedef void http_client_fn(void *arg, enum status st, const struct http_response *response);

struct http_call {
    const char *method;
    struct slice target;                /* path[?query] */
    const struct http1_header *headers; /* Host, Accept-Encoding and Content-Length are added */
    size_t header_count;
    struct slice body;
    bool idempotent;
};

struct http_client;
/* One per origin and loop. `tls` is borrowed; NULL for http origins. */
enum status http_client_new(struct event_base *base, const struct url *origin,
                            const struct http_client_limits *limits, struct tls_settings *tls,
                            struct log *log, struct http_client **out) MUST_USE;
/* Calls still open end with ST_UNAVAILABLE. */
void http_client_free(struct http_client *c);
/* Everything is copied. */
void http_client_send(struct http_client *c, const struct http_call *call, http_client_fn *done,
                      void *arg);
