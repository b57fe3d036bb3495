/* redis_resolver: the addresses of one host, asked for without blocking the
 * loop. */
#pragma once
#include <event2/event.h>

#include "status.h"

/* `address` is numeric and borrowed; NULL if there is none. */
typedef void redis_resolved_fn(void *arg, const char *address);

struct redis_resolver;
/* Host: a name or a numeric address. */
enum status redis_resolver_new(struct event_base *base, const char *host,
                               struct redis_resolver **out) MUST_USE;
void redis_resolver_free(struct redis_resolver *r);

/* Answers once, maybe before it returns, with the next of the host's addresses
 * in turn. One question at a time. */
void redis_resolver_ask(struct redis_resolver *r, redis_resolved_fn *done, void *arg);
/* No answer will come. */
void redis_resolver_cancel(struct redis_resolver *r);
