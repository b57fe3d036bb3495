#include "authorize.h"

#include "policy.h"

void authorize_location(struct slice endpoint, const struct pushed *p, struct slice request_uri,
                        struct writer *w)
{
    uint8_t bytes[3 * (CLIENT_ID_MAX + PUSHED_URI_MAX) + 32];
    struct writer own = writer_over(bytes, sizeof bytes);
    struct slice rest = endpoint;

    if (p->at_upstream) { /* RFC 9126 §4 */
        form_append(&own, "client_id", p->client_id);
        form_append(&own, "request_uri", request_uri);
    }
    (void)slice_cut(&rest, '?');
    writer_put(w, endpoint);
    writer_byte(w, rest.data ? '&' : '?'); /* RFC 6749 §3.1 */
    writer_put(w, p->at_upstream ? writer_slice(&own) : p->query);
    w->full |= own.full;
}

static void redirect(struct request *r)
{
    const struct remote *to = request_remote(r, ENDPOINT_AUTHORIZATION);
    size_t cap = UPSTREAM_URL_MAX + PUSHED_QUERY_MAX + 1;
    struct writer w;

    if (!to) {
        request_fail(r, (struct verdict){ REFUSE_UNAVAILABLE, "upstream authorizes nobody" });
        return;
    }
    uint8_t *bytes = request_bytes(r, cap);
    if (!bytes)
        return;
    w = writer_over(bytes, cap);
    authorize_location(slice_of(to->url), &r->pushed, policy_value(&r->form, "request_uri"), &w);
    if (w.full) {
        request_fail(r, (struct verdict){ REFUSE_INTERNAL, "address too long" });
        return;
    }
    request_accepted(r);
    const struct http_header_field location = { "Location", writer_slice(&w) };
    http_reply(r->ex, 302, NULL, &location, 1, (struct slice){ NULL, 0 });
}

/* The record is the store's, and must outlive its callback. */
static bool keep_pushed(struct request *r, struct slice value)
{
    uint8_t *copy = request_bytes(r, value.len);

    if (!copy)
        return false;
    struct writer w = writer_over(copy, value.len);
    writer_put(&w, value);
    if (pushed_decode(writer_slice(&w), &r->pushed)) {
        request_fail(r, (struct verdict){ REFUSE_INTERNAL, "record of a pushed request" });
        return false;
    }
    return true;
}

static void looked_up(void *arg, enum status st, struct slice value)
{
    struct request *r = arg;

    if (st == ST_NOT_FOUND) {
        request_refuse(r, (struct verdict){ REFUSE_REQUEST, "request_uri unknown or expired" });
        return;
    }
    if (st) {
        request_fail(r, (struct verdict){ refusal_of_store(st), "store: the pushed request" });
        return;
    }
    if (!keep_pushed(r, value))
        return;
    r->pass.client = settings_client_at(request_settings(r), r->upstream, r->pass.client_id);
    if (!r->pass.client || !slice_equal(r->pushed.client_id, r->pass.client_id)) {
        request_refuse(r, (struct verdict){ REFUSE_REQUEST, "another client's request_uri" });
        return;
    }
    request_await_metadata(r, redirect);
}

/* Whatever else is in the query is not looked at (RFC 9126 §4, RFC 9101 §5). */
void authorize_handle(struct request *r)
{
    if (!request_read_form(r, http_request_head(r->ex)->query) || !request_admitted(r))
        return;
    struct slice request_uri = policy_value(&r->form, "request_uri");
    r->pass.client_id = policy_value(&r->form, "client_id");
    if (!request_uri.len || request_uri.len > PUSHED_URI_MAX || !r->pass.client_id.len) {
        request_refuse(r, (struct verdict){ REFUSE_REQUEST, "not client_id and request_uri" });
        return;
    }
    struct store_key key = pushed_key(request_uri);
    store_get(r->worker->store, &key, looked_up, r);
}
