/* redis_access: what all connections of one loop to one Redis have in common. */
#pragma once
#include "redis_url.h"
#include "store_redis.h"

struct secret;

struct redis_access {
    struct redis_url url;
    char *user;              /* or NULL */
    struct secret *password; /* or NULL */
    uint32_t command_timeout_ms, connect_timeout_ms, backoff_min_ms, backoff_max_ms;
    struct event_base *base;
    struct log *log;
};

/* ST_INVALID with *why for a bad URL or password file. To be cleared in any case. */
enum status redis_access_init(struct redis_access *a, const struct store_redis_settings *settings,
                              struct event_base *base, struct log *log, const char **why) MUST_USE;
void redis_access_clear(struct redis_access *a);
