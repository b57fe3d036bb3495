/* redis_url: which Redis a store is in:
 *   redis://host[:port][/db]
 *   unix:///path[?db=n]
 *   redis+sentinel://host[:port],host[:port].../name[/db]
 *   redis+cluster://host[:port],host[:port]... */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"

enum { REDIS_HOST_MAX = 253, REDIS_PATH_MAX = 107, REDIS_NAME_MAX = 64, REDIS_DB_MAX = 65535 };
enum { REDIS_SEEDS_MAX = 16 };

/* A host and port, or the path of a Unix socket; the other is empty. */
struct redis_endpoint {
    char host[REDIS_HOST_MAX + 1]; /* a name or address, IPv6 without brackets */
    uint16_t port;
    char path[REDIS_PATH_MAX + 1];
};

enum redis_kind { REDIS_SINGLE, REDIS_SENTINEL, REDIS_CLUSTER };

struct redis_url {
    enum redis_kind kind;
    /* The Redis itself; some of the sentinels; some of the cluster's nodes. */
    struct redis_endpoint seeds[REDIS_SEEDS_MAX];
    size_t seed_count;
    char name[REDIS_NAME_MAX + 1]; /* by which the sentinels know the master */
    uint32_t db;
};

/* ST_UNSUPPORTED for another scheme, ST_INVALID. *why is a constant text. */
enum status redis_url_read(const char *text, struct redis_url *out, const char **why) MUST_USE;

/* host:port as a cluster's redirections name it: IPv6 without brackets. Without a
 * host it is `asked`'s. */
enum status redis_endpoint_read(struct slice text, const struct redis_endpoint *asked,
                                struct redis_endpoint *out) MUST_USE;
enum status redis_endpoint_set(struct slice host, uint64_t port,
                               struct redis_endpoint *out) MUST_USE;
bool redis_endpoint_equal(const struct redis_endpoint *a, const struct redis_endpoint *b);
/* For the log. */
const char *redis_endpoint_text(const struct redis_endpoint *e);
