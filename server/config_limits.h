/* config_limits: tables of integer settings: their keys, ranges and places. */
#pragma once
#include <stddef.h>

#include "config.h"

enum config_limit_type { LIMIT_U32, LIMIT_SIZE };

/* A key that is absent leaves the default that is there already. */
struct config_limit {
    const char *key;
    long min, max;
    size_t offset;
    enum config_limit_type type;
};

#define LIMIT_U32_AT(key, min, max, of, member)                                                    \
    {                                                                                              \
        key, min, max, offsetof(of, member), LIMIT_U32                                             \
    }
#define LIMIT_SIZE_AT(key, min, max, of, member)                                                   \
    {                                                                                              \
        key, min, max, offsetof(of, member), LIMIT_SIZE                                            \
    }
#define LIMIT_COUNT(table) (sizeof(table) / sizeof(table)[0])

enum { KIB = 1024, MIB = 1024 * KIB, MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };

/* Reads into the struct at `out`; ST_INVALID and a `why` that names key and range. */
enum status config_limits_read(cfg_t *sec, const struct config_limit *limits, size_t count,
                               void *out, char *why, size_t why_cap) MUST_USE;

/* Sections that daemons share, over their defaults. */
enum status config_http_read(cfg_t *sec, struct http_server_limits *out, char *why,
                             size_t why_cap) MUST_USE;
enum status config_rate_read(cfg_t *sec, struct rate_settings *out, char *why,
                             size_t why_cap) MUST_USE;
/* Texts are borrowed from sec. */
enum status config_store_read(cfg_t *sec, struct config_daemon *out, char *why,
                              size_t why_cap) MUST_USE;
