/* names: the addresses of a host, found without blocking the loop. */
#pragma once
#include <event2/util.h>

#include "url.h"

struct event_base;
struct names;
struct question;

struct names *names_new(struct event_base *base); /* NULL without memory */
/* No question may be open. */
void names_free(struct names *n);

/* `found` is the callee's, to free with evutil_freeaddrinfo; NULL if there is no address. */
typedef void names_fn(void *arg, struct evutil_addrinfo *found);

/* Calls done once, possibly before it returns; then, and only then, it returns NULL. What it
 * returns otherwise ends with done or with names_cancel. */
struct question *names_ask(struct names *n, const struct url *url, names_fn *done, void *arg);
void names_cancel(struct question *q);
