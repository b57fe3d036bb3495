#include "config_limits.h"

#include <stdio.h>
#include <string.h>

#include "redis_url.h"
#include "secret.h"

#define MEMORY_URL "memory:"

cfg_opt_t config_store_opts[] = { CFG_STR("url", MEMORY_URL, CFGF_NONE),
                                  CFG_INT("max_records", 0, CFGF_NODEFAULT),
                                  CFG_INT("max_value_bytes", 0, CFGF_NODEFAULT),
                                  CFG_STR("prefix", NULL, CFGF_NONE),
                                  CFG_STR("user", NULL, CFGF_NONE),
                                  CFG_STR("password_file", NULL, CFGF_NONE),
                                  CFG_INT("command_ms", 0, CFGF_NODEFAULT),
                                  CFG_INT("connect_ms", 0, CFGF_NODEFAULT),
                                  CFG_INT("backoff_min_ms", 0, CFGF_NODEFAULT),
                                  CFG_INT("backoff_max_ms", 0, CFGF_NODEFAULT),
                                  CFG_INT("max_pending", 0, CFGF_NODEFAULT),
                                  CFG_INT("replicas", 0, CFGF_NODEFAULT),
                                  CFG_INT("replica_ms", 0, CFGF_NODEFAULT),
                                  CFG_INT("watch_ms", 0, CFGF_NODEFAULT),
                                  CFG_STR("sentinel_user", NULL, CFGF_NONE),
                                  CFG_STR("sentinel_password_file", NULL, CFGF_NONE),
                                  CFG_END() };

static const struct config_limit memory_limits[] = {
    LIMIT_SIZE_AT("max_records", 1, 100 * 1000 * 1000, struct store_memory_limits, records),
    LIMIT_SIZE_AT("max_value_bytes", 64 * KIB, 1024 * MIB, struct store_memory_limits, value_bytes),
};

static const struct config_limit redis_limits[] = {
    LIMIT_U32_AT("command_ms", 1, MINUTE_MS, struct store_redis_settings, command_timeout_ms),
    LIMIT_U32_AT("connect_ms", 1, MINUTE_MS, struct store_redis_settings, connect_timeout_ms),
    LIMIT_U32_AT("backoff_min_ms", 1, MINUTE_MS, struct store_redis_settings, backoff_min_ms),
    LIMIT_U32_AT("backoff_max_ms", 1, HOUR_MS, struct store_redis_settings, backoff_max_ms),
    LIMIT_U32_AT("max_pending", 1, 1000 * 1000, struct store_redis_settings, pending_max),
    LIMIT_U32_AT("replicas", 0, 16, struct store_redis_settings, replicas),
    LIMIT_U32_AT("replica_ms", 1, MINUTE_MS, struct store_redis_settings, replica_timeout_ms),
    LIMIT_U32_AT("watch_ms", 10, MINUTE_MS, struct store_redis_settings, watch_ms),
};

static enum status check_password_file(const char *name, const char *path, char *why,
                                       size_t why_cap)
{
    struct secret *password;

    if (!path)
        return ST_OK;
    enum status st = secret_read_password(path, &password);
    if (st == ST_OK)
        secret_free(password);
    else
        snprintf(why, why_cap, "store %s \"%s\": %s", name, path,
                 st == ST_DENIED ? "it must belong to this user and be readable by nobody else"
                                 : status_name(st));
    return st;
}

static enum status check_credentials(const struct store_redis_settings *s, char *why,
                                     size_t why_cap)
{
    if (s->user && !s->password_file) {
        snprintf(why, why_cap, "store user needs a password_file");
        return ST_INVALID;
    }
    if (s->sentinel_user && !s->sentinel_password_file) {
        snprintf(why, why_cap, "store sentinel_user needs a sentinel_password_file");
        return ST_INVALID;
    }
    enum status st = check_password_file("password_file", s->password_file, why, why_cap);
    return st ? st
              : check_password_file("sentinel_password_file", s->sentinel_password_file, why,
                                    why_cap);
}

static enum status check_times(const struct store_redis_settings *s, char *why, size_t why_cap)
{
    if (s->backoff_max_ms < s->backoff_min_ms) {
        snprintf(why, why_cap, "store backoff_max_ms must not be less than backoff_min_ms");
        return ST_INVALID;
    }
    if (s->replicas && s->replica_timeout_ms >= s->command_timeout_ms) {
        snprintf(why, why_cap, "store replica_ms must be less than command_ms");
        return ST_INVALID;
    }
    return ST_OK;
}

static void read_texts(cfg_t *sec, struct store_redis_settings *out)
{
    *out = STORE_REDIS_DEFAULTS;
    out->url = cfg_getstr(sec, "url");
    out->user = cfg_getstr(sec, "user");
    out->password_file = cfg_getstr(sec, "password_file");
    out->sentinel_user = cfg_getstr(sec, "sentinel_user");
    out->sentinel_password_file = cfg_getstr(sec, "sentinel_password_file");
    if (cfg_getstr(sec, "prefix"))
        out->prefix = cfg_getstr(sec, "prefix");
}

static enum status read_redis(cfg_t *sec, struct store_redis_settings *out, char *why,
                              size_t why_cap)
{
    struct redis_url url;
    const char *url_why;

    read_texts(sec, out);
    if (redis_url_read(out->url, &url, &url_why)) {
        snprintf(why, why_cap, "store url \"%s\": %s", out->url, url_why);
        return ST_INVALID;
    }
    enum status st =
        config_limits_read(sec, redis_limits, LIMIT_COUNT(redis_limits), out, why, why_cap);
    if (!st)
        st = check_times(out, why, why_cap);
    return st ? st : check_credentials(out, why, why_cap);
}

enum status config_store_read(cfg_t *sec, struct config_daemon *out, char *why, size_t why_cap)
{
    out->redis = strcmp(cfg_getstr(sec, "url"), MEMORY_URL) != 0;
    out->memory = STORE_MEMORY_DEFAULTS;
    if (out->redis)
        return read_redis(sec, &out->redis_settings, why, why_cap);
    return config_limits_read(sec, memory_limits, LIMIT_COUNT(memory_limits), &out->memory, why,
                              why_cap);
}
