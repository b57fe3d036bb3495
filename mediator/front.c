#include "front.h"

#include <string.h>

#include "admission.h"
#include "authorize.h"
#include "challenge.h"
#include "metadata.h"
#include "par.h"
#include "relayed.h"
#include "token.h"

/* A new endpoint is one row. */
struct endpoint {
    const char *method;
    const char *path; /* below the upstream's prefix */
    const char *name; /* in audit lines */
    request_step_fn *handle;
    bool well_known; /* also where RFC 8414 §3.1 puts it: before the prefix */
};

static const struct endpoint endpoints[FRONT_COUNT] = {
    { "POST", "/token", "token", token_handle, false },
    { "POST", "/par", "par", par_handle, false },
    { "GET", "/authorize", "authorize", authorize_handle, false },
    { "POST", "/device_authorization", "device_authorization", device_authorization_handle, false },
    { "POST", "/revoke", "revoke", revoke_handle, false },
    { "POST", "/introspect", "introspect", introspect_handle, false },
    { "POST", "/challenge", "challenge", challenge_handle, false },
    { "GET", "/.well-known/oauth-authorization-server", "metadata", metadata_handle, true },
    { "GET", "/.well-known/openid-configuration", "metadata", metadata_handle, true },
};

const char *front_path(size_t i)
{
    return endpoints[i].path;
}

static bool is_joined(struct slice path, struct slice a, struct slice b)
{
    return path.len == a.len + b.len && slice_equal((struct slice){ path.data, a.len }, a) &&
           slice_equal((struct slice){ path.data + a.len, b.len }, b);
}

static bool lies_at(const struct endpoint *e, const struct upstream_settings *u, struct slice path)
{
    struct slice prefix = slice_of(u->prefix), own = slice_of(e->path);

    return is_joined(path, prefix, own) || (e->well_known && is_joined(path, own, prefix));
}

/* Prefixes differ and no endpoint's path is another's end, so there is one at most. */
static const struct endpoint *find(const struct settings *s, struct slice path, size_t *upstream)
{
    for (*upstream = 0; *upstream < s->upstream_count; (*upstream)++)
        for (size_t i = 0; i < FRONT_COUNT; i++)
            if (lies_at(&endpoints[i], &s->upstreams[*upstream], path))
                return &endpoints[i];
    return NULL;
}

static void refuse_path(struct request *r)
{
    static const struct http_refusal unknown = { 404, "not_found", "there is nothing here" };

    http_refuse(r->ex, &unknown, NULL);
}

static void refuse_method(struct request *r, const struct endpoint *e)
{
    static const struct http_refusal wrong = { 405, "invalid_request", "another method is needed" };
    const struct http_header_field allow = { "Allow", slice_of(e->method) };

    http_refuse_with(r->ex, &wrong, NULL, &allow, 1);
}

void front_handle(struct http_exchange *ex, void *app)
{
    struct request *r = request_open(ex, app, "none");
    const struct endpoint *e;

    if (!r)
        return;
    e = find(request_settings(r), http_request_head(ex)->path, &r->upstream);
    if (!e) {
        refuse_path(r);
        return;
    }
    r->endpoint = e->name;
    http_count_as(ex, (size_t)(e - endpoints));
    if (!slice_is(http_request_head(ex)->method, e->method))
        refuse_method(r, e);
    else if (e->well_known || admission_address(ex, r->worker))
        e->handle(r);
}
