#include "device_terms.h"

#include <string.h>

enum { UPSTREAM_SCOPE_MAX = 8192, EXPIRES_IN_MAX = 10 * 365 * 86400 };

#define REFUSED(refusal, reason) ((struct verdict){ (refusal), (reason) })

static bool has_word(struct slice words, struct slice word)
{
    while (words.data)
        if (slice_equal(slice_cut(&words, ' '), word))
            return true;
    return false;
}

static bool is_left_in(const struct device_wish *wish, struct slice word)
{
    const struct words *own = &wish->device->scopes;

    if (own->count && !words_have(own, word))
        return false;
    return !wish->has_details || has_word(slice_of(wish->details.scope), word);
}

static struct verdict narrow(const struct device_wish *wish, struct slice granted,
                             char scope[static GRANT_SCOPE_MAX + 1])
{
    struct writer w = writer_over(scope, GRANT_SCOPE_MAX);

    while (granted.data) {
        struct slice word = slice_cut(&granted, ' ');
        if (word.len == 0 || has_word(writer_slice(&w), word) || !is_left_in(wish, word))
            continue;
        if (w.len)
            writer_byte(&w, ' ');
        writer_put(&w, word);
    }
    scope[w.len] = '\0';
    if (w.full)
        return REFUSED(REFUSE_SCOPE, "grant: more scopes than a device takes");
    return w.len ? VERDICT_ACCEPTED
                 : REFUSED(REFUSE_SCOPE, "grant: upstream granted nothing for this device");
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t later_by(int64_t now, int64_t limit)
{
    return limit ? now + limit : INT64_MAX;
}

static void narrow_window(struct device_terms *t, const struct device_details *d)
{
    if (d->not_before > t->not_before)
        t->not_before = d->not_before;
    t->expires = least(t->expires, d->expires);
    t->once = t->once || d->once;
}

/* expires_in is only recommended (RFC 6749 §5.1): without it our own limits bound the grant. */
static enum status bound(const struct settings *s, const struct client *client,
                         const struct device *device, int64_t now, const cJSON *answer,
                         struct device_terms *t)
{
    int64_t expires_in = 0;
    enum status st = json_get_int(answer, "expires_in", 0, EXPIRES_IN_MAX, &expires_in);

    t->not_before = now;
    t->expires =
        least(now + s->device.grant_max_lifetime, least(later_by(now, client->grant_max_lifetime),
                                                        later_by(now, device->max_lifetime)));
    if (st == ST_OK)
        t->expires = least(t->expires, now + expires_in);
    return st == ST_INVALID ? st : ST_OK;
}

static struct verdict read_scope(const cJSON *answer, struct slice *scope)
{
    if (json_get_text(answer, "scope", UPSTREAM_SCOPE_MAX, scope))
        return REFUSED(REFUSE_BAD_GATEWAY, "grant: upstream does not say which scope it granted");
    return VERDICT_ACCEPTED;
}

/* *scope borrows from the answer or from *granted. */
static struct verdict read_granted(const struct settings *s, const struct device *device,
                                   const cJSON *answer, struct device_details *granted,
                                   struct slice *scope)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(answer, "authorization_details");

    *granted = (struct device_details){ .not_before = INT64_MIN, .expires = INT64_MAX };
    if (!list)
        return read_scope(answer, scope);
    enum status st = cJSON_IsArray(list) ? device_details_granted(list, s->device.resource_prefix,
                                                                  device->id, granted)
                                         : ST_INVALID;
    if (st == ST_NOT_FOUND)
        return REFUSED(REFUSE_DETAILS, "grant: upstream granted details, and none for this device");
    if (st)
        return REFUSED(REFUSE_BAD_GATEWAY, "grant: upstream's authorization_details");
    *scope = slice_of(granted->scope);
    return VERDICT_ACCEPTED;
}

struct verdict device_terms_of(const struct settings *s, const struct client *client,
                               const struct device_wish *wish, int64_t now, const cJSON *answer,
                               struct device_terms *out)
{
    struct device_details granted;
    struct slice scope;

    *out = (struct device_terms){ .once = wish->device->once };
    if (bound(s, client, wish->device, now, answer, out))
        return REFUSED(REFUSE_BAD_GATEWAY, "grant: upstream's expires_in");
    struct verdict v = read_granted(s, wish->device, answer, &granted, &scope);
    if (!v.refusal)
        v = narrow(wish, scope, out->scope);
    if (v.refusal)
        return v;
    narrow_window(out, &granted);
    if (wish->has_details)
        narrow_window(out, &wish->details);
    if (out->expires <= out->not_before)
        return REFUSED(REFUSE_DETAILS, "grant: over before it begins");
    return VERDICT_ACCEPTED;
}
