/* redis_url: where a Redis is, from redis://host[:port][/db] or
 * unix:///path[?db=n]. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "status.h"

enum { REDIS_HOST_MAX = 253, REDIS_PATH_MAX = 107, REDIS_DB_MAX = 65535 };

struct redis_url {
    bool local;
    char host[REDIS_HOST_MAX + 1]; /* a name or address, IPv6 without brackets */
    uint16_t port;
    char path[REDIS_PATH_MAX + 1]; /* of a Unix socket */
    uint32_t db;
};

/* ST_UNSUPPORTED for another scheme, ST_INVALID. *why is a constant text. */
enum status redis_url_read(const char *text, struct redis_url *out, const char **why) MUST_USE;
