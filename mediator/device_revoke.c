#include "device_revoke.h"

#include <string.h>

#include "policy.h"

enum { TOKEN_MAX = 65536 };

static const char *const hints[REVOCATIONS_MAX] = { "refresh_token", "access_token" };

static void end(struct request *r)
{
    struct verdict v = r->device->verdict;

    if (v.refusal == REFUSE_SCOPE || v.refusal == REFUSE_DETAILS)
        request_refuse(r, v);
    else
        request_fail(r, v);
}

static void note(struct request *r, const char *why)
{
    struct log_line line;

    log_begin(&line, r->worker->log, LOG_ERROR, "not revoked upstream");
    log_word(&line, "token", r->device->tokens[r->device->revoked].hint);
    log_word(&line, "device", r->device->wish.device->id);
    log_word(&line, "reason", why);
    log_text(&line, "request_id", http_request_id(r->ex));
    log_end(&line);
}

static void revoke_next(struct request *r);

/* RFC 7009 §2.2: 200, whether or not it knew the token. */
static void revoked(struct request *r, enum status st, const struct http_response *response)
{
    if (st)
        note(r, status_name(st));
    else if (response->head->code / 100 != 2)
        note(r, "refused");
    r->device->revoked++;
    revoke_next(r);
}

static void add(struct form *form, struct writer *w, const char *name, struct slice value)
{
    size_t start = w->len;

    writer_text(w, name);
    writer_byte(w, '=');
    form_escape(w, value);
    form->params[form->count++] = (struct form_param){ .raw = { w->data + start, w->len - start },
                                                       .name = slice_of(name),
                                                       .value = value };
}

/* The request's form is done with: in its place comes that of the revocation. */
static bool write_form(struct request *r)
{
    struct slice client_id = slice_of(r->pass.client->id);
    struct slice token = r->device->tokens[r->device->revoked].token;
    size_t cap = 3 * (token.len + client_id.len) + 128; /* every byte as %XX */
    uint8_t *room = http_exchange_alloc(r->ex, cap);
    struct writer w = writer_over(room, room ? cap : 0);

    if (!room)
        return false;
    r->form.count = 0;
    add(&r->form, &w, "client_id", client_id);
    add(&r->form, &w, "token", token);
    add(&r->form, &w, "token_type_hint", slice_of(r->device->tokens[r->device->revoked].hint));
    return !w.full;
}

static void revoke_next(struct request *r)
{
    struct device_request *d = r->device;

    for (; d->revoked < d->token_count; d->revoked++) {
        if (!request_remote(r, ENDPOINT_REVOCATION)) {
            note(r, "upstream has no such endpoint");
            continue;
        }
        r->forward = (struct forward){ .client = NULL };
        if (!write_form(r)) {
            note(r, "no memory");
            continue;
        }
        if (forward_prepare(r, ENDPOINT_REVOCATION))
            forward_send(r, revoked);
        return; /* or it has been answered */
    }
    end(r);
}

static void find_tokens(struct request *r, const cJSON *answer)
{
    struct device_request *d = r->device;

    for (size_t i = 0; i < REVOCATIONS_MAX; i++) {
        struct slice text;
        uint8_t *copy;
        if (json_get_text(answer, hints[i], TOKEN_MAX, &text) ||
            !(copy = http_exchange_alloc(r->ex, text.len)))
            continue;
        memcpy(copy, text.data, text.len);
        d->tokens[d->token_count].hint = hints[i];
        d->tokens[d->token_count++].token = (struct slice){ copy, text.len };
    }
}

void device_revoke(struct request *r, struct verdict v)
{
    const struct json_limits limits = { .max_len = r->answer->body.len,
                                        .max_depth = 16,
                                        .max_items = 4096 };
    cJSON *answer;

    r->device->verdict = v;
    if (json_parse_object(r->answer->body, &limits, &answer) == ST_OK) {
        find_tokens(r, answer);
        cJSON_Delete(answer);
    }
    revoke_next(r);
}
