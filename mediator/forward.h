/* forward: a request that has passed, rewritten and with our client
 * authentication, to an endpoint of upstream, and its answer back. */
#pragma once
#include "http_client.h"
#include "settings.h"

struct request;

/* ST_OK with an answer of any code, or as http_client_fn. */
typedef void forward_fn(struct request *r, enum status st, const struct http_response *response);

enum { FORWARD_HEADERS_MAX = HTTP1_HEADERS_MAX + 4 };

/* What is about to be sent; part of struct request. */
struct forward {
    struct http_client *client;
    struct slice target;
    size_t header_count;
    struct http1_header headers[FORWARD_HEADERS_MAX];
    struct writer authorization; /* these two hold the client secret: wiped once sent */
    struct writer body;
    forward_fn *done;
    enum endpoint_id to;
    uint64_t sent_us;
};

/* Puts everything together, so that forward_send cannot fail any more. False
 * after the request has been refused. Metadata is known. */
bool forward_prepare(struct request *r, enum endpoint_id to);
/* Sends it, once: what has been written may have been done. */
void forward_send(struct request *r, forward_fn *done);
void forward_clear(struct forward *f);

/* A copy of an answer that lives as long as the request, for one that has to wait;
 * NULL after the request has been answered for want of memory. */
const struct http_response *forward_keep(struct request *r, const struct http_response *response);

/* A forward_fn: hands on the answer, or says what went wrong. Code, body and
 * content type as they came; of the headers only those that a client needs. */
void forward_answer(struct request *r, enum status st, const struct http_response *response);
