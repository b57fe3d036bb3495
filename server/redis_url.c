#include "redis_url.h"

#include <string.h>

#include "bytes.h"

enum { DEFAULT_PORT = 6379 };

static enum status read_db(struct slice text, struct redis_url *out, const char **why)
{
    uint64_t db;

    *why = "the database is not a number";
    if (slice_to_u64(text, REDIS_DB_MAX, &db))
        return ST_INVALID;
    out->db = (uint32_t)db;
    return ST_OK;
}

static enum status read_port(struct slice text, struct redis_url *out, const char **why)
{
    uint64_t port;

    *why = "the port is not a number from 1 to 65535";
    if (slice_to_u64(text, UINT16_MAX, &port) || port == 0)
        return ST_INVALID;
    out->port = (uint16_t)port;
    return ST_OK;
}

/* host, host:port, [v6] or [v6]:port */
static enum status read_authority(struct slice text, struct redis_url *out, const char **why)
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
    if (host.len == 0 || slice_copy_text(host, out->host, sizeof out->host))
        return ST_INVALID;
    out->port = DEFAULT_PORT;
    return port.data ? read_port(port, out, why) : ST_OK;
}

static enum status read_tcp(struct slice rest, struct redis_url *out, const char **why)
{
    struct slice authority = slice_cut(&rest, '/');

    /* A password in a configuration is soon in a backup or a ticket. */
    *why = "user and password belong in `user` and `password_file`";
    if (authority.len && memchr(authority.data, '@', authority.len))
        return ST_INVALID;
    enum status st = read_authority(authority, out, why);
    return st || rest.len == 0 ? st : read_db(rest, out, why);
}

static enum status read_local(struct slice rest, struct redis_url *out, const char **why)
{
    struct slice path = slice_cut(&rest, '?');

    out->local = true;
    *why = "the socket's path is not absolute, or too long";
    if (!slice_starts_with(path, "/") || slice_copy_text(path, out->path, sizeof out->path))
        return ST_INVALID;
    if (!rest.data)
        return ST_OK;
    *why = "only ?db= may follow the path";
    if (!slice_starts_with(rest, "db="))
        return ST_INVALID;
    return read_db((struct slice){ rest.data + 3, rest.len - 3 }, out, why);
}

static const struct {
    const char *prefix;
    enum status (*read)(struct slice rest, struct redis_url *out, const char **why);
} schemes[] = { { "redis://", read_tcp }, { "unix://", read_local } };

enum status redis_url_read(const char *text, struct redis_url *out, const char **why)
{
    struct slice s = slice_of(text);

    *out = (struct redis_url){ .local = false };
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (slice_starts_with(s, schemes[i].prefix)) {
            size_t skip = strlen(schemes[i].prefix);
            return schemes[i].read((struct slice){ s.data + skip, s.len - skip }, out, why);
        }
    *why = "it is not redis://host[:port][/db] or unix:///path[?db=n]";
    return ST_UNSUPPORTED;
}
