/* resolver: host names for a loop, asynchronously. */
#pragma once
#include <event2/dns.h>

/* Names from /etc/hosts and the resolver's configuration; where there is no such
 * configuration, /etc/hosts and numeric addresses alone. NULL without memory.
 * Free it with evdns_base_free. */
struct evdns_base *resolver_new(struct event_base *base);
