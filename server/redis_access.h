/* redis_access: what all connections of one loop to one Redis have in common. */
#pragma once
#include "redis_url.h"
#include "store_redis.h"

struct secret;

struct redis_credentials {
    char *user;              /* or NULL */
    struct secret *password; /* or NULL */
};

struct redis_access {
    struct redis_url url;
    struct redis_credentials data, sentinel;
    uint32_t command_timeout_ms, connect_timeout_ms, backoff_min_ms, backoff_max_ms;
    uint32_t watch_ms;
    uint32_t replicas, replica_timeout_ms;
    struct event_base *base;
    struct evdns_base *dns; /* NULL if it is behind a Unix socket */
    struct log *log;
};

/* ST_INVALID with *why for a bad URL or password file. To be cleared in any case. */
enum status redis_access_init(struct redis_access *a, const struct store_redis_settings *settings,
                              struct event_base *base, struct log *log, const char **why) MUST_USE;
void redis_access_clear(struct redis_access *a);

struct timeval redis_timeval(uint64_t ms);
