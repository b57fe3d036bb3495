/* redis_resolver: the addresses of a host, asked for without blocking the loop. */
#pragma once
#include <event2/dns.h>

#include "status.h"

/* `address` is numeric and borrowed; NULL if there is none. */
typedef void redis_resolved_fn(void *arg, const char *address);

struct redis_resolver;
/* Asks `dns`, which must stay; NULL: only Unix sockets are wanted. */
enum status redis_resolver_new(struct evdns_base *dns, struct redis_resolver **out) MUST_USE;
void redis_resolver_free(struct redis_resolver *r);

/* Answers once, maybe before it returns, with the next of the host's addresses
 * in turn. A name or a numeric address; one question at a time. */
void redis_resolver_ask(struct redis_resolver *r, const char *host, redis_resolved_fn *done,
                        void *arg);
/* No answer will come. */
void redis_resolver_cancel(struct redis_resolver *r);
