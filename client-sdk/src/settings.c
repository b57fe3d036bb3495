#include "settings.h"

#include <stdio.h>
#include <string.h>

enum {
    CONNECT_MS = 5000,
    TOTAL_MS = 15000,
    REFRESH_BEFORE_S = 30,
    BACKOFF_MIN_MS = 500,
    BACKOFF_MAX_MS = 60 * 1000,
    RETRY_AFTER_MAX_S = 3600,
    ANSWER_MAX = 256 * 1024,
    ANSWER_LIMIT = 64 * 1024 * 1024
};

static enum vouchsafe_error set_urls(const char *base, struct settings *out)
{
    struct url url;

    if (!base || url_read(slice_of(base), &url) || url.query.data)
        return VOUCHSAFE_BAD_ARGUMENT;
    size_t len = strlen(base);
    while (len && base[len - 1] == '/')
        len--;
    int a = snprintf(out->challenges_url, SETTINGS_URL_MAX, "%.*s/v1/challenges", (int)len, base);
    int b =
        snprintf(out->attestations_url, SETTINGS_URL_MAX, "%.*s/v1/attestations", (int)len, base);
    return a < SETTINGS_URL_MAX && b < SETTINGS_URL_MAX ? VOUCHSAFE_OK : VOUCHSAFE_BAD_ARGUMENT;
}

static int or_default(int value, int fallback)
{
    return value ? value : fallback;
}

static bool are_limits_sound(const struct vouchsafe_config *c, const struct settings *s)
{
    return c->connect_timeout_ms >= 0 && c->total_timeout_ms >= 0 && c->refresh_before_s >= 0 &&
           c->backoff_min_ms >= 0 && c->backoff_max_ms >= 0 && c->retry_after_max_s >= 0 &&
           s->keeper.backoff_min_ms <= s->keeper.backoff_max_ms && s->answer_max <= ANSWER_LIMIT;
}

enum vouchsafe_error settings_read(const struct vouchsafe_config *c, struct settings *out)
{
    *out = (struct settings){
        .connect_ms = or_default(c->connect_timeout_ms, CONNECT_MS),
        .total_ms = or_default(c->total_timeout_ms, TOTAL_MS),
        .answer_max = c->answer_max_bytes ? c->answer_max_bytes : ANSWER_MAX,
        .keeper = { .refresh_before_ms =
                        INT64_C(1000) * or_default(c->refresh_before_s, REFRESH_BEFORE_S),
                    .backoff_min_ms = or_default(c->backoff_min_ms, BACKOFF_MIN_MS),
                    .backoff_max_ms = or_default(c->backoff_max_ms, BACKOFF_MAX_MS),
                    .retry_after_max_ms =
                        INT64_C(1000) * or_default(c->retry_after_max_s, RETRY_AFTER_MAX_S) },
        .pins_changed = c->pins_changed,
        .pins_arg = c->pins_arg,
    };
    if (out->connect_ms > out->total_ms)
        out->connect_ms = out->total_ms;
    if (!are_limits_sound(c, out))
        return VOUCHSAFE_BAD_ARGUMENT;
    return set_urls(c->attestd_url, out);
}

struct http_post settings_post(const struct settings *s)
{
    return (struct http_post){ .connect_ms = s->connect_ms,
                               .total_ms = s->total_ms,
                               .answer_max = s->answer_max };
}
