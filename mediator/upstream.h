/* upstream: connections from one loop to the origins of one authorization
 * server: that of its issuer, and those that its endpoints lie at. */
#pragma once
#include "http_client.h"
#include "settings.h"

enum { UPSTREAM_ORIGINS_MAX = 8, UPSTREAM_URL_MAX = 1024 };

struct upstream;

/* `settings` are borrowed until upstream_free. */
enum status upstream_new(struct event_base *base, const struct upstream_settings *settings,
                         struct log *log, struct upstream **out) MUST_USE;
/* Calls still open end with ST_UNAVAILABLE. */
void upstream_free(struct upstream *u);

/* A URL that was checked, and the connections that lead there. */
struct remote {
    char url[UPSTREAM_URL_MAX + 1]; /* "" if there is none */
    struct slice target;            /* path?query, borrowed from url */
    struct http_client *client;     /* lives until upstream_free */
};

/* ST_INVALID or ST_DENIED for a URL that settings do not allow, ST_TOO_LARGE if
 * it is too long or one origin too many. *out stays where it is. */
enum status upstream_remote(struct upstream *u, struct slice url, struct remote *out) MUST_USE;
