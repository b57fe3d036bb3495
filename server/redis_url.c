#include "redis_url.h"

#include <string.h>

enum { REDIS_PORT = 6379, SENTINEL_PORT = 26379 };

/* --- endpoints --- */

enum status redis_endpoint_set(struct slice host, uint64_t port, struct redis_endpoint *out)
{
    *out = (struct redis_endpoint){ .port = (uint16_t)port };
    if (port == 0 || port > UINT16_MAX || host.len == 0)
        return ST_INVALID;
    return slice_copy_text(host, out->host, sizeof out->host) ? ST_INVALID : ST_OK;
}

enum status redis_endpoint_read(struct slice text, const struct redis_endpoint *asked,
                                struct redis_endpoint *out)
{
    size_t colon = text.len;
    uint64_t port;

    while (colon > 0 && text.data[colon - 1] != ':')
        colon--;
    if (colon == 0 ||
        slice_to_u64((struct slice){ text.data + colon, text.len - colon }, UINT16_MAX, &port))
        return ST_INVALID;
    if (colon == 1)
        return redis_endpoint_set(slice_of(asked->host), port, out);
    return redis_endpoint_set((struct slice){ text.data, colon - 1 }, port, out);
}

bool redis_endpoint_equal(const struct redis_endpoint *a, const struct redis_endpoint *b)
{
    return a->port == b->port && strcmp(a->host, b->host) == 0 && strcmp(a->path, b->path) == 0;
}

const char *redis_endpoint_text(const struct redis_endpoint *e)
{
    return e->path[0] ? e->path : e->host;
}

/* --- what URLs are made of --- */

static enum status read_db(struct slice text, struct redis_url *out, const char **why)
{
    uint64_t db;

    *why = "the database is not a number";
    if (slice_to_u64(text, REDIS_DB_MAX, &db))
        return ST_INVALID;
    out->db = (uint32_t)db;
    return ST_OK;
}

static enum status read_port(struct slice text, struct redis_endpoint *out, const char **why)
{
    uint64_t port;

    *why = "the port is not a number from 1 to 65535";
    if (slice_to_u64(text, UINT16_MAX, &port) || port == 0)
        return ST_INVALID;
    out->port = (uint16_t)port;
    return ST_OK;
}

/* host, host:port, [v6] or [v6]:port */
static enum status read_seed(struct slice text, uint16_t port_without, struct redis_endpoint *out,
                             const char **why)
{
    struct slice host, port;
    bool bracketed = slice_starts_with(text, "[");

    if (bracketed) {
        port = (struct slice){ text.data + 1, text.len - 1 };
        host = slice_cut(&port, ']');
        if (!port.data || (port.len && port.data[0] != ':'))
            host.len = 0;
        slice_cut(&port, ':');
    } else {
        port = text;
        host = slice_cut(&port, ':');
    }
    *why = "the host is missing or malformed";
    if (redis_endpoint_set(host, port_without, out))
        return ST_INVALID;
    return port.data ? read_port(port, out, why) : ST_OK;
}

/* A password in a configuration is soon in a backup or a ticket. */
static enum status refuse_password(struct slice text, const char **why)
{
    *why = "user and password belong in `user` and `password_file`";
    return text.len && memchr(text.data, '@', text.len) ? ST_INVALID : ST_OK;
}

static enum status read_seeds(struct slice text, uint16_t port_without, struct redis_url *out,
                              const char **why)
{
    enum status st = refuse_password(text, why);

    do {
        *why = st ? *why : "more hosts than 16";
        if (!st && out->seed_count == REDIS_SEEDS_MAX)
            st = ST_INVALID;
        if (!st)
            st =
                read_seed(slice_cut(&text, ','), port_without, &out->seeds[out->seed_count++], why);
    } while (!st && text.data);
    return st;
}

/* --- schemes --- */

static enum status read_tcp(struct slice rest, struct redis_url *out, const char **why)
{
    struct slice authority = slice_cut(&rest, '/');
    enum status st = refuse_password(authority, why);

    out->seed_count = 1;
    if (!st)
        st = read_seed(authority, REDIS_PORT, &out->seeds[0], why);
    return st || rest.len == 0 ? st : read_db(rest, out, why);
}

static enum status read_local(struct slice rest, struct redis_url *out, const char **why)
{
    struct slice path = slice_cut(&rest, '?');
    struct redis_endpoint *seed = &out->seeds[0];

    out->seed_count = 1;
    *why = "the socket's path is not absolute, or too long";
    if (!slice_starts_with(path, "/") || slice_copy_text(path, seed->path, sizeof seed->path))
        return ST_INVALID;
    if (!rest.data)
        return ST_OK;
    *why = "only ?db= may follow the path";
    if (!slice_starts_with(rest, "db="))
        return ST_INVALID;
    return read_db((struct slice){ rest.data + 3, rest.len - 3 }, out, why);
}

static enum status read_sentinel(struct slice rest, struct redis_url *out, const char **why)
{
    struct slice hosts = slice_cut(&rest, '/');
    struct slice name = slice_cut(&rest, '/');
    enum status st = read_seeds(hosts, SENTINEL_PORT, out, why);

    if (st)
        return st;
    *why = "the name that the sentinels know the master by is missing or too long";
    if (name.len == 0 || slice_copy_text(name, out->name, sizeof out->name))
        return ST_INVALID;
    return rest.data ? read_db(rest, out, why) : ST_OK;
}

static enum status read_cluster(struct slice rest, struct redis_url *out, const char **why)
{
    struct slice hosts = slice_cut(&rest, '/');
    enum status st = read_seeds(hosts, REDIS_PORT, out, why);

    if (st)
        return st;
    *why = "a cluster has no database but 0";
    return rest.len ? ST_INVALID : ST_OK;
}

static const struct {
    const char *prefix;
    enum redis_kind kind;
    enum status (*read)(struct slice rest, struct redis_url *out, const char **why);
} schemes[] = { { "redis://", REDIS_SINGLE, read_tcp },
                { "unix://", REDIS_SINGLE, read_local },
                { "redis+sentinel://", REDIS_SENTINEL, read_sentinel },
                { "redis+cluster://", REDIS_CLUSTER, read_cluster } };

enum status redis_url_read(const char *text, struct redis_url *out, const char **why)
{
    struct slice s = slice_of(text);

    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (slice_starts_with(s, schemes[i].prefix)) {
            size_t skip = strlen(schemes[i].prefix);
            out->kind = schemes[i].kind;
            return schemes[i].read((struct slice){ s.data + skip, s.len - skip }, out, why);
        }
    *why = "it is not redis://host[:port][/db], unix:///path[?db=n], "
           "redis+sentinel://host,host/name or redis+cluster://host,host";
    return ST_UNSUPPORTED;
}
