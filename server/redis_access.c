#include "redis_access.h"

#include <stdlib.h>
#include <string.h>

#include "secret.h"

static enum status read_password(const char *path, struct secret **out, const char **why)
{
    if (!path || secret_read_password(path, out) == ST_OK)
        return ST_OK;
    *why = "the password file cannot be read, is empty, or may be read by others";
    return ST_INVALID;
}

static enum status copy_text(const char *text, char **out, const char **why)
{
    *why = "no memory";
    *out = text ? strdup(text) : NULL;
    return text && !*out ? ST_NO_MEMORY : ST_OK;
}

enum status redis_access_init(struct redis_access *a, const struct store_redis_settings *settings,
                              struct event_base *base, struct log *log, const char **why)
{
    *a = (struct redis_access){ .command_timeout_ms = settings->command_timeout_ms,
                                .connect_timeout_ms = settings->connect_timeout_ms,
                                .backoff_min_ms = settings->backoff_min_ms,
                                .backoff_max_ms = settings->backoff_max_ms,
                                .base = base,
                                .log = log };
    if (redis_url_read(settings->url, &a->url, why))
        return ST_INVALID;
    enum status st = read_password(settings->password_file, &a->password, why);
    return st ? st : copy_text(settings->user, &a->user, why);
}

void redis_access_clear(struct redis_access *a)
{
    secret_free(a->password);
    free(a->user);
    a->password = NULL;
    a->user = NULL;
}
