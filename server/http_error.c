#include "http_error.h"

#include "msg_error.h"

enum { BODY_MAX = 512 };
#define RETRY_AFTER "1"

static const struct http_refusal refusals[ST_COUNT] = {
    [ST_OK] = { 500, "server_error", NULL },
    [ST_INVALID] = { 400, "invalid_request", "The request is malformed." },
    [ST_TOO_LARGE] = { 413, "invalid_request", "The request is too large." },
    [ST_UNSUPPORTED] = { 400, "invalid_request", "The request asks for what is not supported." },
    [ST_DENIED] = { 403, "access_denied", NULL },
    [ST_EXPIRED] = { 403, "access_denied", NULL },
    [ST_NOT_FOUND] = { 404, "not_found", NULL },
    [ST_EXISTS] = { 403, "access_denied", NULL },
    [ST_BUSY] = { 503, "temporarily_unavailable", "Try again later." },
    [ST_UNAVAILABLE] = { 503, "temporarily_unavailable", "Try again later." },
    [ST_LOST] = { 503, "temporarily_unavailable", "Try again later." },
    [ST_TIMEOUT] = { 503, "temporarily_unavailable", "Try again later." },
    [ST_NO_MEMORY] = { 503, "temporarily_unavailable", "Try again later." },
    [ST_IO] = { 500, "server_error", NULL },
    [ST_INTERNAL] = { 500, "server_error", NULL },
};

const struct http_refusal *http_refusal_of(enum status st)
{
    return &refusals[(unsigned)st < ST_COUNT ? st : ST_INTERNAL];
}

void http_refuse_with(struct http_exchange *ex, const struct http_refusal *refusal,
                      const char *error_id, const struct http_header_field *headers,
                      size_t header_count)
{
    const struct error_message message = { .error = slice_of(refusal->error),
                                           .description = slice_of(refusal->description),
                                           .error_id = slice_of(error_id) };
    uint8_t text[BODY_MAX];
    struct writer body = writer_over(text, sizeof text);

    if (error_message_encode(&message, &body))
        body.len = 0;
    http_reply(ex, refusal->code, "application/json", headers, header_count, writer_slice(&body));
}

void http_refuse(struct http_exchange *ex, const struct http_refusal *refusal, const char *error_id)
{
    const struct http_header_field retry = { "Retry-After", SLICE_LIT(RETRY_AFTER) };
    bool later = refusal->code == 429 || refusal->code == 503;

    http_refuse_with(ex, refusal, error_id, &retry, later ? 1 : 0);
}

void http_refuse_status(struct http_exchange *ex, enum status st)
{
    http_refuse(ex, http_refusal_of(st), NULL);
}

void http_reply_json(struct http_exchange *ex, unsigned code, struct slice json)
{
    http_reply(ex, code, "application/json", NULL, 0, json);
}
