/* The functions of client_event.h that take a callback: what each does with the token. */
#include <string.h>
#include <time.h>

#include "async.h"

static void fail_token(struct call *c, enum vouchsafe_error error)
{
    c->done.token(c->arg, error, NULL);
    call_free(c);
}

static void settle_token(struct vouchsafe_async *a, struct call *c)
{
    if (c->error) {
        fail_token(c, c->error);
        return;
    }
    c->done.token(c->arg, VOUCHSAFE_OK, a->agent.keeper.token);
    call_free(c);
}

static const struct call_kind token_kind = { .settled = settle_token, .fail = fail_token };
static const struct call_kind attest_kind = { .anew = true,
                                              .settled = settle_token,
                                              .fail = fail_token };

static enum vouchsafe_error begin_token(struct vouchsafe_async *a, const struct call_kind *kind,
                                        vouchsafe_token_fn *done, void *arg)
{
    struct call *c = call_new(kind, arg, NULL, NULL, NULL, NULL);

    if (c)
        c->done.token = done;
    return async_begin(a, c);
}

enum vouchsafe_error vouchsafe_async_token(struct vouchsafe_async *a, vouchsafe_token_fn *done,
                                           void *arg)
{
    return begin_token(a, &token_kind, done, arg);
}

enum vouchsafe_error vouchsafe_async_attest(struct vouchsafe_async *a, vouchsafe_token_fn *done,
                                            void *arg)
{
    return begin_token(a, &attest_kind, done, arg);
}

static void settle_result(struct vouchsafe_async *a, struct call *c)
{
    (void)a;
    if (c->error) {
        fail_token(c, c->error);
        return;
    }
    c->done.token(c->arg, VOUCHSAFE_OK, c->result);
    call_free(c);
}

static const struct call_kind assertion_kind = { .anew = true,
                                                 .fetches = true,
                                                 .format = VOUCHSAFE_CLIENT_ASSERTION,
                                                 .settled = settle_result,
                                                 .fail = fail_token };
static const struct call_kind ear_kind = { .anew = true,
                                           .fetches = true,
                                           .format = VOUCHSAFE_EAR,
                                           .settled = settle_result,
                                           .fail = fail_token };

static enum vouchsafe_error begin_fetch(struct vouchsafe_async *a, const struct call_kind *kind,
                                        const char *audience, vouchsafe_token_fn *done, void *arg)
{
    struct call *c = call_new(kind, arg, NULL, audience, NULL, NULL);

    if (c)
        c->done.token = done;
    return async_begin(a, c);
}

enum vouchsafe_error vouchsafe_async_assertion(struct vouchsafe_async *a, const char *audience,
                                               vouchsafe_token_fn *done, void *arg)
{
    return begin_fetch(a, &assertion_kind, audience, done, arg);
}

enum vouchsafe_error vouchsafe_async_ear(struct vouchsafe_async *a, vouchsafe_token_fn *done,
                                         void *arg)
{
    return begin_fetch(a, &ear_kind, NULL, done, arg);
}

static enum vouchsafe_error make_headers(struct vouchsafe_async *a, const struct call *c,
                                         struct vouchsafe_headers *out)
{
    if (c->error)
        return c->error;
    memcpy(out->attestation, a->agent.keeper.token, sizeof out->attestation);
    return vouchsafe_core_pop(a->agent.core, c->audience, c->challenge, time(NULL), out->pop);
}

static void fail_headers(struct call *c, enum vouchsafe_error error)
{
    c->done.headers(c->arg, error, NULL);
    call_free(c);
}

static void settle_headers(struct vouchsafe_async *a, struct call *c)
{
    struct vouchsafe_headers headers;
    enum vouchsafe_error error = make_headers(a, c, &headers);

    if (error) {
        fail_headers(c, error);
        return;
    }
    c->done.headers(c->arg, VOUCHSAFE_OK, &headers);
    call_free(c);
}

static const struct call_kind headers_kind = { .settled = settle_headers, .fail = fail_headers };

enum vouchsafe_error vouchsafe_async_headers(struct vouchsafe_async *a, const char *audience,
                                             const char *challenge, vouchsafe_headers_fn *done,
                                             void *arg)
{
    struct call *c = call_new(&headers_kind, arg, NULL, audience, challenge, NULL);

    if (c)
        c->done.headers = done;
    return async_begin(a, c);
}

static void fail_post(struct call *c, enum vouchsafe_error error)
{
    c->done.response(c->arg, error, NULL);
    call_free(c);
}

static void on_response(void *arg, enum vouchsafe_error error, struct http_answer *answer)
{
    struct call *c = arg;
    struct vouchsafe_async *a = c->client;
    const struct vouchsafe_response response = { answer->code, answer->body, answer->len };

    async_enter(a);
    TAILQ_REMOVE(&a->posting, c, link);
    c->exchange = NULL;
    c->done.response(c->arg, error, error ? NULL : &response);
    call_free(c);
    http_answer_clear(answer);
    async_leave(a);
}

static enum vouchsafe_error start_post(struct vouchsafe_async *a, struct call *c)
{
    struct vouchsafe_headers headers;
    struct agent_form form;
    enum vouchsafe_error error = make_headers(a, c, &headers);

    if (error)
        return error;
    agent_form_init(&form, &a->agent, c->url, c->form, &headers);
    return exchange_start(&a->env, &form.post, on_response, c, &c->exchange);
}

static void settle_post(struct vouchsafe_async *a, struct call *c)
{
    enum vouchsafe_error error = start_post(a, c);

    c->client = a;
    if (error)
        fail_post(c, error);
    else
        TAILQ_INSERT_TAIL(&a->posting, c, link);
}

static const struct call_kind post_kind = { .settled = settle_post, .fail = fail_post };

enum vouchsafe_error vouchsafe_async_post(struct vouchsafe_async *a, const char *url,
                                          const char *audience, const char *form,
                                          vouchsafe_response_fn *done, void *arg)
{
    struct call *c = call_new(&post_kind, arg, url, audience, NULL, form);

    if (c)
        c->done.response = done;
    return async_begin(a, c);
}
