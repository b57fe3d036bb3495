#include "device_wish.h"

#include <string.h>

#include "base64url.h"
#include "device_registry.h"
#include "policy.h"
#include "secret.h"

enum { CNF_MAX = 512 };

#define REFUSED(refusal, reason) ((struct verdict){ (refusal), (reason) })

struct reading {
    const struct settings *settings;
    const struct client *client;
    struct form *form;
    struct device_wish *wish;
    struct slice named; /* the device's id, as somebody said it */
};

/* --- which device --- */

static struct slice named_by(const struct reading *x, const struct form_param *p)
{
    struct slice id = { NULL, 0 };

    if (slice_is(p->name, "resource") || slice_is(p->name, "audience"))
        id = device_of_resource(p->value, x->settings->device.resource_prefix);
    if (!id.data && slice_is(p->name, "audience") &&
        device_registry_find(x->settings->device.registry, p->value))
        id = p->value;
    return id;
}

static struct verdict name_it(struct reading *x, struct slice id)
{
    if (x->named.data && !slice_equal(x->named, id))
        return REFUSED(REFUSE_TARGET, "several devices named");
    x->named = id;
    return VERDICT_ACCEPTED;
}

static struct verdict read_names(struct reading *x)
{
    struct verdict v = VERDICT_ACCEPTED;

    for (size_t i = 0; i < x->form->count && !v.refusal; i++) {
        struct slice id = named_by(x, &x->form->params[i]);
        if (id.data)
            v = name_it(x, id);
    }
    return v;
}

/* Malformed ones, in a request that names no device, are upstream's to judge. */
static struct verdict read_details(struct reading *x)
{
    struct device_wish *w = x->wish;
    struct slice text = policy_value(x->form, "authorization_details");
    bool others = false;

    if (text.len == 0)
        return VERDICT_ACCEPTED;
    enum status st =
        device_details_asked(text, x->settings->device.resource_prefix, &w->details, &others);
    if (st == ST_NOT_FOUND ||
        (st && !x->named.data &&
         !memmem(text.data, text.len, DEVICE_DETAILS_TYPE, strlen(DEVICE_DETAILS_TYPE))))
        return VERDICT_ACCEPTED;
    if (st)
        return REFUSED(REFUSE_DETAILS, "authorization_details malformed");
    if (others && !x->settings->upstreams[x->client->upstream].judges_devices)
        return REFUSED(REFUSE_DETAILS, "authorization_details of a device and of others");
    w->has_details = true;
    return name_it(x, slice_of(w->details.id));
}

/* An id, or the beginning of ids with a '*' behind it. */
static bool matches(const char *pattern, const char *id)
{
    size_t len = strlen(pattern);

    if (len && pattern[len - 1] == '*')
        return strncmp(pattern, id, len - 1) == 0;
    return strcmp(pattern, id) == 0;
}

static bool may_reach(const struct client *client, const char *id)
{
    for (size_t i = 0; i < client->devices.count; i++)
        if (matches(client->devices.list[i], id))
            return true;
    return false;
}

/* One answer to all of it: which devices there are is nobody's to learn. */
static struct verdict find_device(struct reading *x)
{
    const struct upstream_settings *u = &x->settings->upstreams[x->client->upstream];
    const struct device *d = device_registry_find(x->settings->device.registry, x->named);

    if (!d)
        return REFUSED(REFUSE_TARGET, "device unknown or revoked");
    if (!may_reach(x->client, d->id))
        return REFUSED(REFUSE_TARGET, "device not among the client's");
    /* Otherwise a grant in any scope would do for every door. */
    if (d->scopes.count == 0 && !u->judges_devices)
        return REFUSED(REFUSE_TARGET, "device has no scopes, and upstream does not judge devices");
    x->wish->device = d;
    return VERDICT_ACCEPTED;
}

/* --- which key --- */

static enum status read_oct(const cJSON *jwk, uint8_t key[static OCT_KEY_LEN])
{
    cJSON *k = cJSON_GetObjectItemCaseSensitive(jwk, "k");
    struct slice kty;

    if (json_get_text(jwk, "kty", 8, &kty) || !slice_is(kty, "oct"))
        return ST_INVALID;
    enum status st = json_get_bytes(jwk, "k", key, OCT_KEY_LEN);
    if (cJSON_IsString(k))
        secret_wipe(k->valuestring, strlen(k->valuestring));
    return st;
}

static enum status read_cnf(struct slice text, uint8_t key[static OCT_KEY_LEN])
{
    static const char *const members[] = { "jwk", NULL };
    const cJSON *jwk;
    uint8_t room[CNF_MAX];
    cJSON *cnf;
    size_t len;
    enum status st = base64url_decode(text, room, sizeof room, &len);

    if (!st)
        st = json_parse_object((struct slice){ room, len }, &JSON_TOKEN_LIMITS, &cnf);
    secret_wipe(room, sizeof room);
    if (st)
        return st;
    st = json_only_members(cnf, members);
    if (!st)
        st = json_get_object(cnf, "jwk", &jwk);
    if (!st)
        st = read_oct(jwk, key);
    cJSON_Delete(cnf);
    return st;
}

static bool is_weak(const uint8_t key[static OCT_KEY_LEN])
{
    for (size_t i = 1; i < OCT_KEY_LEN; i++)
        if (key[i] != key[0])
            return false;
    return true;
}

static struct verdict read_key(struct reading *x)
{
    const struct form_param *p = form_find(x->form, "req_cnf");

    if (!p)
        return VERDICT_ACCEPTED;
    if (read_cnf(p->value, x->wish->key))
        return REFUSED(REFUSE_REQUEST, "req_cnf malformed");
    if (is_weak(x->wish->key))
        return REFUSED(REFUSE_REQUEST, "req_cnf: one byte over and over");
    x->wish->has_key = true;
    return VERDICT_ACCEPTED;
}

/* --- what is left for upstream --- */

static bool ends_here(const struct reading *x, const struct form_param *p)
{
    if (slice_is(p->name, "req_cnf"))
        return true;
    if (x->settings->upstreams[x->client->upstream].judges_devices)
        return false;
    return named_by(x, p).data ||
           (slice_is(p->name, "authorization_details") && x->wish->has_details);
}

static void take_out(struct reading *x)
{
    struct form *form = x->form;
    size_t kept = 0;

    for (size_t i = 0; i < form->count; i++)
        if (!ends_here(x, &form->params[i]))
            form->params[kept++] = form->params[i];
    form->count = kept;
}

static struct verdict check_window(const struct device_wish *w, int64_t now)
{
    if (w->has_details &&
        (w->details.expires <= now || w->details.not_before >= w->details.expires))
        return REFUSED(REFUSE_DETAILS, "authorization_details: over already, or never");
    return VERDICT_ACCEPTED;
}

struct verdict device_wish_read(const struct settings *s, const struct client *client, int64_t now,
                                struct form *form, struct device_wish *out)
{
    struct reading x = { .settings = s, .client = client, .form = form, .wish = out };
    struct verdict v = VERDICT_ACCEPTED;

    *out = (struct device_wish){ .device = NULL };
    if (!s->device.registry)
        return v;
    v = read_names(&x);
    if (!v.refusal)
        v = read_details(&x);
    if (v.refusal || !x.named.data)
        return v;
    v = find_device(&x);
    if (!v.refusal)
        v = read_key(&x);
    if (!v.refusal)
        v = check_window(out, now);
    if (!v.refusal)
        take_out(&x);
    return v;
}
