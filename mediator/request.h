/* request: one request on its way through the mediator: its state, and the steps
 * that every gated endpoint takes: read, gate, metadata, and then its own. */
#pragma once
#include "binding.h"
#include "forward.h"
#include "gate.h"
#include "mediator.h"
#include "msg_challenge.h"
#include "original.h"
#include "pop_challenge.h"
#include "pushed.h"

struct request;
typedef void request_step_fn(struct request *r);

/* A gated endpoint. A new one is one of these, and one row in front's table. */
struct gated_endpoint {
    gate_policy_fn *policy;   /* what a client may ask of it */
    request_step_fn *proceed; /* once the gate has let it pass and metadata is known */
    bool grants;              /* see gate_input */
    bool keeps_sealed;        /* refresh tokens stay as they came: no business of this one */
};

/* All memory of a request lives as long as its exchange, which ends with the
 * answer, whether or not its peer is still there. */
struct request {
    struct http_exchange *ex;
    struct worker *worker;
    const char *endpoint;               /* in audit lines */
    struct generation *generation;      /* held */
    size_t upstream;                    /* index of whose prefix was asked; 0 at /check */
    request_step_fn *proceed;           /* next */
    const struct gated_endpoint *gated; /* or NULL */
    struct form form;
    struct gate_pass pass;
    enum refusal_set refusals;
    const char *policy;       /* of /check; NULL elsewhere */
    struct original original; /* likewise; empty if not known */
    struct dues_payment payment;
    struct discovery_wait wait;
    struct binding binding;
    struct forward forward;
    const struct http_response *answer; /* upstream's, while it waits for the store */
    struct device_request *device;      /* of a grant for a device; NULL otherwise */
    struct pushed pushed;               /* what /authorize was asked to open */
    char request_uri[sizeof PUSHED_URI_PREFIX + BASE64URL_LEN(32)]; /* our own, being handed out */
    struct pop_challenge challenge; /* for an answer that asks for one */
    struct verdict verdict;         /* which waits for it */
};

/* NULL after it has been answered for want of memory. */
struct request *request_open(struct http_exchange *ex, struct worker *w, const char *endpoint);
/* Zeroed, or for bytes that are written before they are read; NULL after it has been answered for
 * want of memory. */
void *request_alloc(struct request *r, size_t size);
uint8_t *request_bytes(struct request *r, size_t size);

/* Reads a form into r->form; false after it has been refused. */
bool request_read_form(struct request *r, struct slice text);

/* Within the rate limit of the client that the form names; false after it has been refused. */
bool request_admitted(struct request *r);

/* The whole way for a gated endpoint. */
void request_gate(struct request *r, const struct gated_endpoint *e);

/* Goes on with `next` once what the verdict left to the store is paid, or refuses. */
void request_settle(struct request *r, struct verdict v, request_step_fn *next);

/* Goes on with `next` once upstream's metadata is known. */
void request_await_metadata(struct request *r, request_step_fn *next);

const struct settings *request_settings(const struct request *r);
const struct upstream_settings *request_upstream(const struct request *r);
/* Once metadata is known, borrowed until the loop goes on: the upstream's
 * endpoint, NULL if it has none, and the whole document. */
const struct remote *request_remote(const struct request *r, enum endpoint_id id);
const cJSON *request_metadata(const struct request *r);

/* Both answer, and end the request. Refused: it was not good enough, says the
 * audit log. Failed: store, upstream or memory were not there for it. */
void request_refuse(struct request *r, struct verdict v);
void request_fail(struct request *r, struct verdict v);
/* The audit log's verdict on a request that has passed every check of ours. */
void request_accepted(struct request *r);
