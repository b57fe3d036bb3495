/* http_error: the one table from status to HTTP code and OAuth error, and the
 * JSON refusals made from it. */
#pragma once
#include "http_server.h"

struct http_refusal {
    unsigned code;
    const char *error;       /* RFC 6749 §5.2 or of the attestation draft */
    const char *description; /* for people; never says which check failed */
};
const struct http_refusal *http_refusal_of(enum status st);

/* error_id may be NULL. Retry-After in seconds is sent with 429 and 503. */
void http_refuse(struct http_exchange *ex, const struct http_refusal *refusal,
                 const char *error_id);
/* With these headers instead of Retry-After. */
void http_refuse_with(struct http_exchange *ex, const struct http_refusal *refusal,
                      const char *error_id, const struct http_header_field *headers,
                      size_t header_count);
void http_refuse_status(struct http_exchange *ex, enum status st);
/* 200 or another code with a JSON body. */
void http_reply_json(struct http_exchange *ex, unsigned code, struct slice json);
