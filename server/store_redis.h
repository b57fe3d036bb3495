/* store_redis: the store in Redis, over hiredis's asynchronous client with
 * deadlines and reconnection of our own. */
#pragma once
#include "store.h"

struct store_redis_settings {
    const char *url;           /* redis://host:port[/db] or unix:///path[?db=n] */
    const char *user;          /* ACL user, or NULL */
    const char *password_file; /* or NULL */
    const char *prefix;        /* of every key, "vouchsafe" by default */
    uint32_t command_timeout_ms;
    uint32_t connect_timeout_ms;
    uint32_t backoff_min_ms;
    uint32_t backoff_max_ms;
    uint32_t pending_max; /* commands in flight; more are ST_BUSY */
};
extern const struct store_redis_settings STORE_REDIS_DEFAULTS;

/* The process must ignore SIGPIPE: hiredis writes to whoever is gone.
 * Connects in the background; commands before it is ready end with
 * ST_UNAVAILABLE. ST_INVALID with *why for a bad URL or password file. */
enum status store_redis_open(const struct store_redis_settings *settings, struct event_base *base,
                             struct log *log, struct store **out, const char **why) MUST_USE;
