/* config: configuration files through libconfuse, validated whole, with errors
 * that say file, line and what was meant. */
#pragma once
#include <confuse.h>

#include "confine.h"
#include "http_client.h"
#include "http_server.h"
#include "log.h"
#include "rate_limit.h"
#include "store_memory.h"
#include "store_redis.h"

enum { CONFIG_WHY_MAX = 512 };

/* Parses path by opts. An unknown key fails, with the nearest known one named
 * in `why`. The caller ends with cfg_free. */
enum status config_parse(const char *path, cfg_opt_t *opts, cfg_t **out, char *why,
                         size_t why_cap) MUST_USE;

/* Range check of an integer: ST_INVALID and a `why` that names key and range. */
enum status config_int(cfg_t *cfg, const char *name, long min, long max, uint32_t *out, char *why,
                       size_t why_cap) MUST_USE;

/* Options that every daemon shares; a daemon's own list starts with them. */
#define CONFIG_DAEMON_OPTS                                                                         \
    CFG_STR_LIST("listen", (char *)"{}", CFGF_NONE),                                               \
        CFG_STR_LIST("admin", (char *)"{}", CFGF_NONE), CFG_INT("workers", 0, CFGF_NONE),          \
        CFG_STR("user", NULL, CFGF_NONE),                                                          \
        CFG_STR_LIST("trusted_proxies", (char *)"{}", CFGF_NONE),                                  \
        CFG_INT("drain_timeout", 30, CFGF_NONE),                                                   \
        CFG_SEC("confine", config_confine_opts, CFGF_NONE),                                        \
        CFG_SEC("log", config_log_opts, CFGF_NONE), CFG_SEC("http", config_http_opts, CFGF_NONE),  \
        CFG_SEC("rate_limit", config_rate_opts, CFGF_NONE),                                        \
        CFG_SEC("store", config_store_opts, CFGF_NONE)
extern cfg_opt_t config_log_opts[];
extern cfg_opt_t config_http_opts[];
extern cfg_opt_t config_rate_opts[];
extern cfg_opt_t config_store_opts[];
extern cfg_opt_t config_upstream_limits_opts[]; /* of an http_client */

struct config_daemon {
    const char **listen; /* texts borrowed from cfg */
    size_t listen_count;
    const char **admin; /* where /metrics is */
    size_t admin_count;
    uint32_t workers; /* 0: one a core */
    const char *user; /* to run as once the listeners are open, or NULL */
    const char **trusted_proxies;
    size_t trusted_proxy_count;
    uint32_t drain_s;
    struct confine_settings confine;
    const char *log_file; /* NULL: standard error */
    enum log_level log_level;
    struct http_server_limits http;
    struct rate_settings rates;
    bool redis; /* which store */
    struct store_memory_limits memory;
    struct store_redis_settings redis_settings;
};
/* Checks everything that can be checked without opening anything but the Redis
 * password's file. On failure there is nothing to clear. */
enum status config_daemon_read(cfg_t *cfg, struct config_daemon *out, char *why,
                               size_t why_cap) MUST_USE;
/* The first setting in which b differs from a and that only a start can change,
 * such as "listen"; NULL if there is none. */
const char *config_daemon_difference(const struct config_daemon *a, const struct config_daemon *b);
void config_daemon_clear(struct config_daemon *c);
enum status config_client_limits_read(cfg_t *sec, struct http_client_limits *out, char *why,
                                      size_t why_cap) MUST_USE;
