/* discovery: where the endpoints of an authorization server are: from its
 * metadata (RFC 8414, OpenID Connect Discovery 1.0), fetched at first need and
 * again when it has aged, or from the configuration, which wins. */
#pragma once
#include "clock.h"
#include "upstream.h"

struct discovery;

struct discovery_options {
    struct event_base *base;
    const struct upstream_settings *settings;
    const struct clock *clock;
    struct log *log;
    struct meter *meter;
}; /* all borrowed until discovery_free */

enum status discovery_new(const struct discovery_options *options, struct discovery **out) MUST_USE;
/* Never from a callback of its own. Calls to its endpoints that are still open
 * end with ST_UNAVAILABLE; waiters are dropped without a call. */
void discovery_free(struct discovery *d);

/* Caller-held, in place until the callback. */
typedef void discovery_fn(void *arg, enum status st);
struct discovery_wait {
    struct discovery_wait *next;
    discovery_fn *done;
    void *arg;
};

/* Fires once, never before the call returned: ST_OK as soon as something is
 * known, however old; ST_UNAVAILABLE if the metadata cannot be had. */
void discovery_await(struct discovery *d, struct discovery_wait *w, discovery_fn *done, void *arg);

/* Once known; NULL if the server has no such endpoint. Borrowed until the loop
 * goes on, but the client inside lives until
 * discovery_free. */
const struct remote *discovery_endpoint(const struct discovery *d, enum endpoint_id id);
/* Once known: the metadata, an empty object where all is configured by hand. */
const cJSON *discovery_document(const struct discovery *d);
