#include "par.h"

#include "handout.h"
#include "policy.h"
#include "pushed.h"
#include "rewrite.h"

enum { URI_RANDOM = 32, ANSWER_MAX = 1024 };

/* --- recording a request_uri for /authorize --- */

static void record(struct request *r, struct slice request_uri, const struct pushed *p,
                   uint32_t lifetime, store_fn *done)
{
    uint8_t bytes[PUSHED_QUERY_MAX + CLIENT_ID_MAX + 2];
    struct writer w = writer_over(bytes, sizeof bytes);
    struct store_key key = pushed_key(request_uri);

    if (pushed_encode(p, &w))
        request_refuse(r, (struct verdict){ REFUSE_TOO_LARGE, "pushed request too large" });
    else
        store_create(r->worker->store, &key, writer_slice(&w), lifetime * 1000, done, r);
}

static struct verdict not_recorded(enum status st)
{
    return (struct verdict){ refusal_of_store(st), "store: recording the request_uri" };
}

/* --- upstream's --- */

static void upstream_recorded(void *arg, enum status st, struct slice value)
{
    struct request *r = arg;

    (void)value;
    if (st)
        request_fail(r, not_recorded(st));
    else
        forward_answer(r, ST_OK, r->answer);
}

static void record_upstream(struct request *r, const struct http_response *response)
{
    const struct pushed p = { .at_upstream = true, .client_id = slice_of(r->pass.client->id) };
    struct handout h;

    if (handout_read(response->body, "request_uri", PUSHED_URI_MAX, &h)) {
        request_fail(r, (struct verdict){ REFUSE_BAD_GATEWAY, "upstream's answer to a push" });
        return;
    }
    r->answer = forward_keep(r, response);
    if (r->answer)
        record(r, h.name, &p, h.expires_in, upstream_recorded);
    handout_clear(&h);
}

static void pushed_upstream(struct request *r, enum status st, const struct http_response *response)
{
    if (st == ST_OK && response->head->code / 100 == 2)
        record_upstream(r, response);
    else
        forward_answer(r, st, response);
}

static void push_upstream(struct request *r)
{
    request_accepted(r);
    forward_send(r, pushed_upstream);
}

/* --- our own --- */

static void write_own_answer(struct request *r, struct writer *w)
{
    struct json_writer j = json_writer_over(w);

    json_begin_object(&j, NULL);
    json_text(&j, "request_uri", slice_of(r->request_uri));
    json_int(&j, "expires_in", request_settings(r)->request_lifetime);
    json_end_object(&j);
}

static void own_recorded(void *arg, enum status st, struct slice value)
{
    struct request *r = arg;
    uint8_t text[ANSWER_MAX];
    struct writer w = writer_over(text, sizeof text);

    (void)value;
    if (st) {
        request_fail(r, not_recorded(st));
        return;
    }
    request_accepted(r);
    write_own_answer(r, &w);
    http_reply_json(r->ex, 201, writer_slice(&w));
}

/* Values are written anew, because this will be the query of a URL, where a bare
 * '#' would end it. Names need no escape: the gate has seen to that. */
static void write_query(const struct form *form, struct writer *w)
{
    for (size_t i = 0; i < form->count; i++) {
        if (rewrite_drops(form->params[i].name))
            continue;
        if (w->len)
            writer_byte(w, '&');
        writer_put(w, form->params[i].name);
        writer_byte(w, '=');
        form_escape(w, form->params[i].value);
    }
}

static void draw_request_uri(struct request *r)
{
    uint8_t bytes[URI_RANDOM];
    struct writer w = writer_over(r->request_uri, sizeof r->request_uri - 1);

    crypto_random(bytes, sizeof bytes);
    writer_text(&w, PUSHED_URI_PREFIX);
    base64url_write(&w, (struct slice){ bytes, sizeof bytes });
    r->request_uri[w.len] = '\0';
}

static void push_here(struct request *r)
{
    uint8_t bytes[PUSHED_QUERY_MAX];
    struct writer w = writer_over(bytes, sizeof bytes);

    write_query(&r->form, &w);
    if (w.full) {
        request_refuse(r, (struct verdict){ REFUSE_TOO_LARGE, "pushed request too large" });
        return;
    }
    const struct pushed p = { .client_id = slice_of(r->pass.client->id),
                              .query = writer_slice(&w) };
    draw_request_uri(r);
    record(r, slice_of(r->request_uri), &p, request_settings(r)->request_lifetime, own_recorded);
}

/* --- both --- */

static void claimed(void *arg, enum status st)
{
    struct request *r = arg;

    if (st == ST_DENIED)
        request_refuse(r, (struct verdict){ REFUSE_REQUEST, "another instance's code_challenge" });
    else if (st)
        request_fail(r, (struct verdict){ refusal_of_store(st), "store: keeping the binding" });
    else if (r->forward.client)
        push_upstream(r);
    else
        push_here(r);
}

static void proceed(struct request *r)
{
    if (!request_remote(r, ENDPOINT_AUTHORIZATION)) {
        request_fail(r, (struct verdict){ REFUSE_UNAVAILABLE, "upstream authorizes nobody" });
        return;
    }
    if (request_remote(r, ENDPOINT_PAR) && !forward_prepare(r, ENDPOINT_PAR))
        return;
    if (binding_of_challenge(&r->binding, policy_value(&r->form, "code_challenge"), r->pass.client,
                             &r->pass.jkt)) {
        request_refuse(r, (struct verdict){ REFUSE_REQUEST, "code_challenge malformed" });
        return;
    }
    binding_claim(&r->binding, r->worker->store, request_settings(r)->binding_lifetime * 1000,
                  claimed, r);
}

static const struct gated_endpoint par = {
    .policy = policy_pushed, .grants = true, .proceed = proceed, .keeps_sealed = true
};

void par_handle(struct request *r)
{
    request_gate(r, &par);
}
