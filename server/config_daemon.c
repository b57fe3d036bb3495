#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_limits.h"
#include "forwarded.h"
#include "listener.h"

enum { WORKERS_MAX = 256, DRAIN_MAX_S = 3600 };

cfg_opt_t config_log_opts[] = { CFG_STR("file", NULL, CFGF_NONE),
                                CFG_STR("level", "info", CFGF_NONE), CFG_END() };

static bool ends_with(struct slice s, const char *end)
{
    size_t len = strlen(end);

    return s.len >= len && slice_is((struct slice){ s.data + s.len - len, len }, end);
}

/* The texts of a list, borrowed. */
static enum status read_list(cfg_t *cfg, const char *name, const char ***out, size_t *count)
{
    *count = cfg_size(cfg, name);
    *out = calloc(*count + 1, sizeof **out);
    if (!*out)
        return ST_NO_MEMORY;
    for (size_t i = 0; i < *count; i++)
        (*out)[i] = cfg_getnstr(cfg, name, (unsigned)i);
    return ST_OK;
}

static enum status read_addresses(cfg_t *cfg, const char *name, const char ***out, size_t *count,
                                  char *why, size_t why_cap)
{
    const char *reason;
    enum status st = read_list(cfg, name, out, count);

    for (size_t i = 0; !st && i < *count; i++) {
        st = listener_check((*out)[i], &reason);
        if (st)
            snprintf(why, why_cap, "%s \"%s\": %s", name, (*out)[i], reason);
    }
    return st;
}

/* Both would open it (SO_REUSEPORT), and the kernel deal callers out to either. */
static bool clash(const char *a, const char *b)
{
    return slice_equal(listener_address(a), listener_address(b)) &&
           !ends_with(listener_address(a), ":0");
}

static enum status check_apart(const struct config_daemon *c, char *why, size_t why_cap)
{
    for (size_t i = 0; i < c->admin_count * c->listen_count; i++) {
        const char *admin = c->admin[i / c->listen_count];
        if (!clash(admin, c->listen[i % c->listen_count]))
            continue;
        snprintf(why, why_cap, "admin \"%s\" is an address of listen as well", admin);
        return ST_INVALID;
    }
    return ST_OK;
}

/* The operator alone asks there, and directly. */
static enum status check_admin(const struct config_daemon *c, char *why, size_t why_cap)
{
    for (size_t i = 0; i < c->admin_count; i++)
        if (listener_proxy(c->admin[i])) {
            snprintf(why, why_cap, "admin \"%s\": PROXY headers are for listen", c->admin[i]);
            return ST_INVALID;
        }
    return ST_OK;
}

/* One address has one kind of connections, and somebody who may open those with a header. */
static enum status check_listen(const struct config_daemon *c, char *why, size_t why_cap)
{
    for (size_t i = 0; i < c->listen_count; i++) {
        if (listener_proxy(c->listen[i]) && c->trusted_proxy_count == 0) {
            snprintf(why, why_cap,
                     "listen \"%s\": PROXY headers are taken from trusted_proxies, which are empty",
                     c->listen[i]);
            return ST_INVALID;
        }
        for (size_t j = 0; j < i; j++)
            if (clash(c->listen[i], c->listen[j])) {
                snprintf(why, why_cap, "listen \"%s\" stands there twice", c->listen[i]);
                return ST_INVALID;
            }
    }
    return ST_OK;
}

static enum status read_listen(cfg_t *cfg, struct config_daemon *out, char *why, size_t why_cap)
{
    enum status st = read_addresses(cfg, "listen", &out->listen, &out->listen_count, why, why_cap);

    if (!st)
        st = read_addresses(cfg, "admin", &out->admin, &out->admin_count, why, why_cap);
    if (!st)
        st = check_admin(out, why, why_cap);
    return st ? st : check_apart(out, why, why_cap);
}

static enum status read_proxies(cfg_t *cfg, struct config_daemon *out, char *why, size_t why_cap)
{
    struct trusted_proxies *proxies;
    enum status st =
        read_list(cfg, "trusted_proxies", &out->trusted_proxies, &out->trusted_proxy_count);

    if (st)
        return st;
    st = trusted_proxies_new(out->trusted_proxies, out->trusted_proxy_count, &proxies);
    if (st)
        snprintf(why, why_cap,
                 "trusted_proxies: each is an address, a network like 10.0.0.0/8, or \"unix\"");
    else
        trusted_proxies_free(proxies);
    return st;
}

static enum status read_log(cfg_t *sec, struct config_daemon *out, char *why, size_t why_cap)
{
    const char *level = cfg_getstr(sec, "level");

    out->log_file = cfg_getstr(sec, "file");
    if (!log_level_read(level, &out->log_level))
        return ST_OK;
    snprintf(why, why_cap, "log level must be debug, info, warn or error, not \"%s\"", level);
    return ST_INVALID;
}

static enum status read_all(cfg_t *cfg, struct config_daemon *out, char *why, size_t why_cap)
{
    enum status st = read_listen(cfg, out, why, why_cap);

    if (!st)
        st = config_int(cfg, "workers", 0, WORKERS_MAX, &out->workers, why, why_cap);
    if (!st)
        st = config_int(cfg, "drain_timeout", 0, DRAIN_MAX_S, &out->drain_s, why, why_cap);
    if (!st)
        st = read_proxies(cfg, out, why, why_cap);
    if (!st)
        st = config_confine_read(cfg_getsec(cfg, "confine"), &out->confine, why, why_cap);
    if (!st)
        st = check_listen(out, why, why_cap);
    if (!st)
        st = read_log(cfg_getsec(cfg, "log"), out, why, why_cap);
    if (!st)
        st = config_http_read(cfg_getsec(cfg, "http"), &out->http, why, why_cap);
    if (!st)
        st = config_rate_read(cfg_getsec(cfg, "rate_limit"), &out->rates, why, why_cap);
    if (!st)
        st = config_store_read(cfg_getsec(cfg, "store"), out, why, why_cap);
    return st;
}

enum status config_daemon_read(cfg_t *cfg, struct config_daemon *out, char *why, size_t why_cap)
{
    *out = (struct config_daemon){ .user = cfg_getstr(cfg, "user") };
    snprintf(why, why_cap, "no memory");
    enum status st = read_all(cfg, out, why, why_cap);
    if (st)
        config_daemon_clear(out);
    return st;
}

void config_daemon_clear(struct config_daemon *c)
{
    free(c->listen);
    free(c->admin);
    free(c->trusted_proxies);
    free(c->confine.read);
    *c = (struct config_daemon){ .listen = NULL };
}

/* --- what a reload cannot change --- */

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_list(const char *const *a, size_t a_count, const char *const *b, size_t b_count)
{
    for (size_t i = 0; i < a_count && i < b_count; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return a_count == b_count;
}

static bool same_http(const struct http_server_limits *a, const struct http_server_limits *b)
{
    return a->message.head == b->message.head && a->message.body == b->message.body &&
           a->message.headers == b->message.headers && a->proxy_ms == b->proxy_ms &&
           a->head_ms == b->head_ms && a->body_ms == b->body_ms && a->idle_ms == b->idle_ms &&
           a->write_ms == b->write_ms && a->requests == b->requests &&
           a->connections == b->connections;
}

static bool same_redis(const struct store_redis_settings *a, const struct store_redis_settings *b)
{
    return same_text(a->url, b->url) && same_text(a->user, b->user) &&
           same_text(a->password_file, b->password_file) && same_text(a->prefix, b->prefix) &&
           a->command_timeout_ms == b->command_timeout_ms &&
           a->connect_timeout_ms == b->connect_timeout_ms &&
           a->backoff_min_ms == b->backoff_min_ms && a->backoff_max_ms == b->backoff_max_ms &&
           a->pending_max == b->pending_max && a->watch_ms == b->watch_ms &&
           a->replicas == b->replicas && a->replica_timeout_ms == b->replica_timeout_ms &&
           same_text(a->sentinel_user, b->sentinel_user) &&
           same_text(a->sentinel_password_file, b->sentinel_password_file);
}

static bool same_store(const struct config_daemon *a, const struct config_daemon *b)
{
    return a->redis == b->redis && a->memory.records == b->memory.records &&
           a->memory.value_bytes == b->memory.value_bytes &&
           same_redis(&a->redis_settings, &b->redis_settings);
}

const char *config_daemon_difference(const struct config_daemon *a, const struct config_daemon *b)
{
    if (!same_list(a->listen, a->listen_count, b->listen, b->listen_count))
        return "listen";
    if (!same_list(a->admin, a->admin_count, b->admin, b->admin_count))
        return "admin";
    if (a->workers != b->workers)
        return "workers";
    if (!same_text(a->user, b->user))
        return "user";
    if (!same_list(a->trusted_proxies, a->trusted_proxy_count, b->trusted_proxies,
                   b->trusted_proxy_count))
        return "trusted_proxies";
    if (a->drain_s != b->drain_s)
        return "drain_timeout";
    if (a->confine.mode != b->confine.mode ||
        !same_list(a->confine.read, a->confine.read_count, b->confine.read, b->confine.read_count))
        return "confine";
    if (!same_text(a->log_file, b->log_file) || a->log_level != b->log_level)
        return "log";
    if (!same_http(&a->http, &b->http))
        return "http";
    if (a->rates.entries != b->rates.entries)
        return "rate_limit entries";
    return same_store(a, b) ? NULL : "store";
}
