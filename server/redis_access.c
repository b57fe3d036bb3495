#include "redis_access.h"

#include <event2/dns.h>
#include <stdlib.h>
#include <string.h>

#include "resolver.h"
#include "secret.h"

static enum status read_credentials(const char *user, const char *password_file,
                                    struct redis_credentials *out, const char **why)
{
    *why = "the password file cannot be read, is empty, or may be read by others";
    if (password_file && secret_read_password(password_file, &out->password) != ST_OK)
        return ST_INVALID;
    *why = "no memory";
    out->user = user ? strdup(user) : NULL;
    return user && !out->user ? ST_NO_MEMORY : ST_OK;
}

enum status redis_access_init(struct redis_access *a, const struct store_redis_settings *settings,
                              struct event_base *base, struct log *log, const char **why)
{
    *a = (struct redis_access){ .command_timeout_ms = settings->command_timeout_ms,
                                .connect_timeout_ms = settings->connect_timeout_ms,
                                .backoff_min_ms = settings->backoff_min_ms,
                                .backoff_max_ms = settings->backoff_max_ms,
                                .watch_ms = settings->watch_ms,
                                .replicas = settings->replicas,
                                .replica_timeout_ms = settings->replica_timeout_ms,
                                .base = base,
                                .log = log };
    if (redis_url_read(settings->url, &a->url, why))
        return ST_INVALID;
    enum status st = read_credentials(settings->user, settings->password_file, &a->data, why);
    if (!st)
        st = read_credentials(settings->sentinel_user, settings->sentinel_password_file,
                              &a->sentinel, why);
    if (st || a->url.seeds[0].path[0])
        return st;
    a->dns = resolver_new(base);
    return a->dns ? ST_OK : ST_NO_MEMORY;
}

static void clear_credentials(struct redis_credentials *c)
{
    secret_free(c->password);
    free(c->user);
    *c = (struct redis_credentials){ .user = NULL };
}

void redis_access_clear(struct redis_access *a)
{
    clear_credentials(&a->data);
    clear_credentials(&a->sentinel);
    if (a->dns)
        evdns_base_free(a->dns, 0);
    a->dns = NULL;
}

struct timeval redis_timeval(uint64_t ms)
{
    return (struct timeval){ .tv_sec = (time_t)(ms / 1000),
                             .tv_usec = (suseconds_t)(ms % 1000) * 1000 };
}
