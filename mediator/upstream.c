#include "upstream.h"

#include <stdlib.h>
#include <string.h>

struct origin {
    char *url; /* that led here first; `at` borrows from it */
    struct url at;
    struct http_client *client;
};

struct upstream {
    struct event_base *base;
    const struct upstream_settings *settings;
    struct log *log;
    size_t origin_count;
    struct origin origins[UPSTREAM_ORIGINS_MAX];
};

enum status upstream_new(struct event_base *base, const struct upstream_settings *settings,
                         struct log *log, struct upstream **out)
{
    struct upstream *u = calloc(1, sizeof *u);

    if (!u)
        return ST_NO_MEMORY;
    u->base = base;
    u->settings = settings;
    u->log = log;
    *out = u;
    return ST_OK;
}

void upstream_free(struct upstream *u)
{
    if (!u)
        return;
    for (size_t i = 0; i < u->origin_count; i++) {
        http_client_free(u->origins[i].client);
        free(u->origins[i].url);
    }
    free(u);
}

/* RFC 6454 §5. */
static bool same_origin(const struct url *a, const struct url *b)
{
    return a->tls == b->tls && a->port == b->port && slice_equal_nocase(a->host, b->host);
}

static enum status open_origin(struct upstream *u, const char *url, struct origin *o)
{
    struct tls_settings *tls = u->settings->tls;
    enum status st;

    o->url = strdup(url);
    if (!o->url)
        return ST_NO_MEMORY;
    st = upstream_url(u->settings, o->url, &o->at);
    if (!st && o->at.tls && !tls)
        st = ST_DENIED; /* metadata that came over http may not send us elsewhere */
    if (!st)
        st = http_client_new(u->base, &o->at, &u->settings->limits, o->at.tls ? tls : NULL, u->log,
                             &o->client);
    if (st)
        free(o->url);
    return st;
}

static enum status find_origin(struct upstream *u, const char *url, const struct url *at,
                               struct http_client **out)
{
    for (size_t i = 0; i < u->origin_count; i++)
        if (same_origin(&u->origins[i].at, at)) {
            *out = u->origins[i].client;
            return ST_OK;
        }
    if (u->origin_count == UPSTREAM_ORIGINS_MAX)
        return ST_TOO_LARGE;
    enum status st = open_origin(u, url, &u->origins[u->origin_count]);
    if (!st)
        *out = u->origins[u->origin_count++].client;
    return st;
}

/* Path and query lie side by side, unless the path is empty and a constant. */
static struct slice target_of(const struct url *at)
{
    if (!at->query.data)
        return at->path;
    return (struct slice){ at->path.data, at->path.len + 1 + at->query.len };
}

enum status upstream_remote(struct upstream *u, struct slice url, struct remote *out)
{
    struct url at;
    enum status st = slice_copy_text(url, out->url, sizeof out->url);

    if (!st)
        st = upstream_url(u->settings, out->url, &at);
    if (!st && at.query.data && at.path.data + at.path.len + 1 != at.query.data)
        st = ST_INVALID; /* "http://host?query" */
    if (!st)
        st = find_origin(u, out->url, &at, &out->client);
    if (!st)
        out->target = target_of(&at);
    return st;
}
