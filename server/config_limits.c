#include "config_limits.h"

enum { MILLION = 1000 * 1000 };

static void set(const struct config_limit *limit, long value, void *out)
{
    char *at = (char *)out + limit->offset;

    if (limit->type == LIMIT_SIZE)
        *(size_t *)(void *)at = (size_t)value;
    else
        *(uint32_t *)(void *)at = (uint32_t)value;
}

enum status config_limits_read(cfg_t *sec, const struct config_limit *limits, size_t count,
                               void *out, char *why, size_t why_cap)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t value;
        if (cfg_size(sec, limits[i].key) == 0)
            continue;
        if (config_int(sec, limits[i].key, limits[i].min, limits[i].max, &value, why, why_cap))
            return ST_INVALID;
        set(&limits[i], (long)value, out);
    }
    return ST_OK;
}

/* --- http: what a daemon takes from its clients --- */

cfg_opt_t config_http_opts[] = { CFG_INT("head_bytes", 0, CFGF_NODEFAULT),
                                 CFG_INT("body_bytes", 0, CFGF_NODEFAULT),
                                 CFG_INT("headers", 0, CFGF_NODEFAULT),
                                 CFG_INT("proxy_ms", 0, CFGF_NODEFAULT),
                                 CFG_INT("head_ms", 0, CFGF_NODEFAULT),
                                 CFG_INT("body_ms", 0, CFGF_NODEFAULT),
                                 CFG_INT("idle_ms", 0, CFGF_NODEFAULT),
                                 CFG_INT("write_ms", 0, CFGF_NODEFAULT),
                                 CFG_INT("requests", 0, CFGF_NODEFAULT),
                                 CFG_INT("connections", 0, CFGF_NODEFAULT),
                                 CFG_END() };

static const struct config_limit http_limits[] = {
    LIMIT_SIZE_AT("head_bytes", 1 * KIB, 1 * MIB, struct http_server_limits, message.head),
    LIMIT_SIZE_AT("body_bytes", 1 * KIB, 16 * MIB, struct http_server_limits, message.body),
    LIMIT_SIZE_AT("headers", 8, HTTP1_HEADERS_MAX, struct http_server_limits, message.headers),
    LIMIT_U32_AT("proxy_ms", 1, HOUR_MS, struct http_server_limits, proxy_ms),
    LIMIT_U32_AT("head_ms", 1, HOUR_MS, struct http_server_limits, head_ms),
    LIMIT_U32_AT("body_ms", 1, HOUR_MS, struct http_server_limits, body_ms),
    LIMIT_U32_AT("idle_ms", 1, HOUR_MS, struct http_server_limits, idle_ms),
    LIMIT_U32_AT("write_ms", 1, HOUR_MS, struct http_server_limits, write_ms),
    LIMIT_U32_AT("requests", 1, 1000 * 1000 * 1000, struct http_server_limits, requests),
    LIMIT_U32_AT("connections", 1, 1000 * 1000, struct http_server_limits, connections),
};

enum status config_http_read(cfg_t *sec, struct http_server_limits *out, char *why, size_t why_cap)
{
    *out = HTTP_SERVER_DEFAULTS;
    return config_limits_read(sec, http_limits, LIMIT_COUNT(http_limits), out, why, why_cap);
}

/* --- rate_limit: how often each caller may ask --- */

cfg_opt_t config_rate_opts[] = { CFG_INT("per_address", 0, CFGF_NODEFAULT),
                                 CFG_INT("address_burst", 0, CFGF_NODEFAULT),
                                 CFG_INT("ipv6_prefix", 0, CFGF_NODEFAULT),
                                 CFG_INT("per_client", 0, CFGF_NODEFAULT),
                                 CFG_INT("client_burst", 0, CFGF_NODEFAULT),
                                 CFG_INT("entries", 0, CFGF_NODEFAULT),
                                 CFG_END() };

static const struct config_limit rate_limits[] = {
    LIMIT_U32_AT("per_address", 0, MILLION, struct rate_settings, rates[RATE_ADDRESS].per_second),
    LIMIT_U32_AT("address_burst", 1, MILLION, struct rate_settings, rates[RATE_ADDRESS].burst),
    LIMIT_U32_AT("ipv6_prefix", 1, 128, struct rate_settings, ipv6_prefix),
    LIMIT_U32_AT("per_client", 0, MILLION, struct rate_settings, rates[RATE_CLIENT].per_second),
    LIMIT_U32_AT("client_burst", 1, MILLION, struct rate_settings, rates[RATE_CLIENT].burst),
    LIMIT_U32_AT("entries", 1024, 16 * MIB, struct rate_settings, entries),
};

enum status config_rate_read(cfg_t *sec, struct rate_settings *out, char *why, size_t why_cap)
{
    *out = RATE_DEFAULTS;
    return config_limits_read(sec, rate_limits, LIMIT_COUNT(rate_limits), out, why, why_cap);
}

/* --- limits: of a client to one upstream --- */

cfg_opt_t config_upstream_limits_opts[] = {
    CFG_INT("head_bytes", 0, CFGF_NODEFAULT),    CFG_INT("body_bytes", 0, CFGF_NODEFAULT),
    CFG_INT("headers", 0, CFGF_NODEFAULT),       CFG_INT("connect_ms", 0, CFGF_NODEFAULT),
    CFG_INT("first_byte_ms", 0, CFGF_NODEFAULT), CFG_INT("total_ms", 0, CFGF_NODEFAULT),
    CFG_INT("idle_ms", 0, CFGF_NODEFAULT),       CFG_INT("connections", 0, CFGF_NODEFAULT),
    CFG_INT("queue", 0, CFGF_NODEFAULT),         CFG_END()
};

static const struct config_limit client_limits[] = {
    LIMIT_SIZE_AT("head_bytes", 1 * KIB, 1 * MIB, struct http_client_limits, message.head),
    LIMIT_SIZE_AT("body_bytes", 1 * KIB, 16 * MIB, struct http_client_limits, message.body),
    LIMIT_SIZE_AT("headers", 8, HTTP1_HEADERS_MAX, struct http_client_limits, message.headers),
    LIMIT_U32_AT("connect_ms", 1, HOUR_MS, struct http_client_limits, connect_ms),
    LIMIT_U32_AT("first_byte_ms", 1, HOUR_MS, struct http_client_limits, first_byte_ms),
    LIMIT_U32_AT("total_ms", 1, HOUR_MS, struct http_client_limits, total_ms),
    LIMIT_U32_AT("idle_ms", 1, HOUR_MS, struct http_client_limits, idle_ms),
    LIMIT_U32_AT("connections", 1, 100 * 1000, struct http_client_limits, connections),
    LIMIT_U32_AT("queue", 1, 1000 * 1000, struct http_client_limits, queue),
};

enum status config_client_limits_read(cfg_t *sec, struct http_client_limits *out, char *why,
                                      size_t why_cap)
{
    *out = HTTP_CLIENT_DEFAULTS;
    return config_limits_read(sec, client_limits, LIMIT_COUNT(client_limits), out, why, why_cap);
}
