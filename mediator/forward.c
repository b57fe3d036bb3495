#include "forward.h"

#include <string.h>

#include "client_auth.h"
#include "dpop.h"
#include "mediator_metrics.h"
#include "pop.h"
#include "request.h"
#include "rewrite.h"
#include "secret.h"

/* Lists of what may pass, not of what may not: Authorization, Cookie, Forwarded,
 * X-Forwarded-*, Client-Cert* and the attestation's own headers stay here by not
 * being named, and so does whatever is invented next. */
static const char *const request_headers[] = { "Accept", "Accept-Language", DPOP_HEADER,
                                               "User-Agent" };
static const char *const attestation_headers[] = { ATTESTATION_HEADER, ATTESTATION_POP_HEADER };
static const char *const response_headers[] = { "Content-Language", DPOP_NONCE_HEADER,
                                                "Retry-After", "WWW-Authenticate" };
static const char *const challenge_headers[] = { ATTESTATION_CHALLENGE_HEADER };

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* Where upstream judges the attestation as well as we do. */
static bool attestation_goes_on(const struct request *r)
{
    return r->pass.client->forward_attestation;
}

/* The list's own spelling, or NULL. */
static const char *listed(const char *const *list, size_t count, struct slice name)
{
    for (size_t i = 0; i < count; i++)
        if (slice_equal_nocase(name, slice_of(list[i])))
            return list[i];
    return NULL;
}

static void add_header(struct forward *f, const char *name, struct slice value)
{
    f->headers[f->header_count++] = (struct http1_header){ slice_of(name), value };
}

/* A proof that was made for our URL is none for upstream's (RFC 9449 §4.3, 9), unless
 * upstream takes our URL for its own. */
static bool dpop_ends_here(const struct request *r)
{
    return r->pass.proof.dpop_taken && !request_upstream(r)->forward_dpop;
}

static void add_client_headers(struct request *r)
{
    const struct http1_head *head = http_request_head(r->ex);
    struct forward *f = &r->forward;

    for (size_t i = 0; i < head->header_count; i++) {
        const struct http1_header *h = &head->headers[i];
        const char *name = listed(request_headers, COUNT(request_headers), h->name);
        if (!name && attestation_goes_on(r))
            name = listed(attestation_headers, COUNT(attestation_headers), h->name);
        if (name && !(strcmp(name, DPOP_HEADER) == 0 && dpop_ends_here(r)))
            f->headers[f->header_count++] = *h;
    }
}

static void add_our_headers(struct forward *f, const struct settings *s,
                            const struct upstream_settings *u)
{
    add_header(f, "Content-Type", SLICE_LIT("application/x-www-form-urlencoded"));
    if (f->authorization.len)
        add_header(f, "Authorization", writer_slice(&f->authorization));
    if (!u->forwarded)
        return;
    add_header(f, "X-Forwarded-Host", s->host);
    add_header(f, "X-Forwarded-Proto", s->https ? SLICE_LIT("https") : SLICE_LIT("http"));
}

/* The URL may be replaced by newer metadata before it is used. */
static bool copy_target(struct request *r, const struct remote *to)
{
    uint8_t *copy = request_bytes(r, to->target.len);
    struct writer w = writer_over(copy, to->target.len);

    if (!copy)
        return false;
    writer_put(&w, to->target);
    r->forward.client = to->client;
    r->forward.target = writer_slice(&w);
    return true;
}

static bool make_writer(struct request *r, size_t cap, struct writer *out)
{
    uint8_t *bytes = request_bytes(r, cap);

    *out = writer_over(bytes, bytes ? cap : 0);
    return bytes != NULL;
}

static struct slice url_of(const struct remote *remote)
{
    return slice_of(remote ? remote->url : NULL);
}

static enum status authenticate(struct request *r, const struct remote *remote)
{
    const struct client *client = r->pass.client;
    const struct client_auth_call call = { .client = client,
                                           .issuer = slice_of(request_upstream(r)->issuer),
                                           .token_endpoint =
                                               url_of(request_remote(r, ENDPOINT_TOKEN)),
                                           .url = url_of(remote),
                                           .now = clock_wall(r->worker->clock) };

    return client->auth->apply(&call, &r->forward.body, &r->forward.authorization);
}

bool forward_prepare(struct request *r, enum endpoint_id to)
{
    const struct remote *remote = request_remote(r, to);
    struct forward *f = &r->forward;

    if (!remote) {
        request_fail(r, (struct verdict){ REFUSE_UNAVAILABLE, "upstream has no such endpoint" });
        return false;
    }
    size_t room = rewrite_room(&r->form) + CLIENT_AUTH_FORM_MAX;
    if (!copy_target(r, remote) || !make_writer(r, room, &f->body) ||
        !make_writer(r, CLIENT_AUTH_HEADER_MAX, &f->authorization))
        return false;
    rewrite_form(&r->form, &f->body);
    if (authenticate(r, remote) || f->body.full) {
        request_fail(r, (struct verdict){ REFUSE_INTERNAL, "client authentication not made" });
        return false;
    }
    f->to = to;
    add_client_headers(r);
    add_our_headers(f, request_settings(r), request_upstream(r));
    return true;
}

static void sent(void *arg, enum status st, const struct http_response *response)
{
    struct request *r = arg;
    const struct forward *f = &r->forward;

    count_upstream(r->worker->meter, f->to, st, st ? 0 : response->head->code,
                   clock_micros() - f->sent_us);
    f->done(r, st, response);
}

void forward_send(struct request *r, forward_fn *done)
{
    struct forward *f = &r->forward;
    const struct http_call call = { .method = "POST",
                                    .target = f->target,
                                    .headers = f->headers,
                                    .header_count = f->header_count,
                                    .body = writer_slice(&f->body) };

    f->done = done;
    f->sent_us = clock_micros();
    http_client_send(f->client, &call, sent, r);
    forward_clear(f);
}

static void wipe(struct writer *w)
{
    if (w->data)
        secret_wipe(w->data, w->len);
    w->len = 0;
}

void forward_clear(struct forward *f)
{
    wipe(&f->authorization);
    wipe(&f->body);
}

static size_t keep_headers(const struct request *r, const struct http1_head *head,
                           struct http_header_field *out)
{
    size_t count = 0;

    for (size_t i = 0; i < head->header_count; i++) {
        const struct http1_header *h = &head->headers[i];
        const char *name = listed(response_headers, COUNT(response_headers), h->name);
        if (!name && attestation_goes_on(r))
            name = listed(challenge_headers, COUNT(challenge_headers), h->name);
        if (name && !(strcmp(name, DPOP_NONCE_HEADER) == 0 && dpop_ends_here(r)))
            out[count++] = (struct http_header_field){ name, h->value };
    }
    return count;
}

static struct slice copy_into(struct writer *w, struct slice bytes)
{
    size_t start = w->len;

    writer_put(w, bytes);
    return (struct slice){ w->data + start, w->len - start };
}

/* Upstream's head as a whole is no longer than its limit, so this does not overflow. */
const struct http_response *forward_keep(struct request *r, const struct http_response *response)
{
    size_t cap = request_upstream(r)->limits.message.head;
    struct {
        struct http_response response;
        struct http1_head head;
    } *copy = request_alloc(r, sizeof *copy);
    struct writer w;

    if (!copy || !make_writer(r, cap + response->body.len, &w))
        return NULL;
    copy->head = *response->head;
    for (size_t i = 0; i < copy->head.header_count; i++) {
        struct http1_header *h = &copy->head.headers[i];
        *h = (struct http1_header){ copy_into(&w, h->name), copy_into(&w, h->value) };
    }
    copy->response = (struct http_response){ &copy->head, copy_into(&w, response->body) };
    return &copy->response;
}

static void relay(struct request *r, const struct http_response *response)
{
    struct http_header_field headers[HTTP1_HEADERS_MAX];
    struct slice type = http1_header_value(response->head, "Content-Type");
    char *type_text = NULL;

    if (type.len) {
        type_text = (char *)request_bytes(r, type.len + 1);
        if (!type_text)
            return;
        if (slice_copy_text(type, type_text, type.len + 1))
            type_text = NULL;
    }
    http_reply(r->ex, response->head->code, type_text, headers,
               keep_headers(r, response->head, headers), response->body);
}

void forward_answer(struct request *r, enum status st, const struct http_response *response)
{
    if (st == ST_OK)
        relay(r, response);
    else
        request_fail(r, (struct verdict){ refusal_of_upstream(st), status_name(st) });
}
