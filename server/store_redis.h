/* store_redis: the store in Redis, in one, behind sentinels, or in a cluster,
 * over hiredis's asynchronous client with deadlines, reconnection and all else of
 * our own. */
#pragma once
#include "store.h"

struct store_redis_settings {
    const char *url;                    /* see redis_url.h */
    const char *user;                   /* ACL user, or NULL */
    const char *password_file;          /* or NULL */
    const char *sentinel_user;          /* the sentinels' own, or NULL */
    const char *sentinel_password_file; /* or NULL */
    const char *prefix;                 /* of every key, "vouchsafe" by default */
    uint32_t command_timeout_ms;
    uint32_t connect_timeout_ms;
    uint32_t backoff_min_ms;
    uint32_t backoff_max_ms;
    uint32_t pending_max; /* commands in flight; more are ST_BUSY */
    uint32_t watch_ms;    /* between looks at who is master */
    /* How many replicas must have it before anything counts as taken, marked or
     * put: all that may become master, since one that has not forgets it. */
    uint32_t replicas;
    uint32_t replica_timeout_ms; /* for them to say so; less than command_timeout_ms */
};
extern const struct store_redis_settings STORE_REDIS_DEFAULTS;

/* The process must ignore SIGPIPE: hiredis writes to whoever is gone.
 * Connects in the background; commands before it is ready end with
 * ST_UNAVAILABLE. ST_INVALID with *why for a bad URL or password file. */
enum status store_redis_open(const struct store_redis_settings *settings, struct event_base *base,
                             struct log *log, struct store **out, const char **why) MUST_USE;
