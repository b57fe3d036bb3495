/* http_message: one POST as bytes, and its answer read strictly out of bytes. No I/O. */
#pragma once
#include "http1.h"
#include "pins.h"
#include "url.h"

struct http_post {
    const char *url;
    const char *content_type;
    const struct http1_header *headers;
    size_t header_count;
    struct slice body;
    bool attestd; /* delivered pins bind */
    int connect_ms, total_ms;
    size_t answer_max; /* bytes of body */
};

struct http_answer {
    int code;
    int64_t retry_after_s; /* 0: not said */
    char *body;            /* owned, NUL-terminated */
    size_t len;
    struct chain chain; /* of who answered; empty if plain */
};
void http_answer_clear(struct http_answer *answer);

/* A request as it is sent. */
struct http_request {
    uint8_t *memory; /* owned */
    size_t cap;
    struct slice text; /* lies in it */
};
/* BAD_ARGUMENT for what would not be a request, such as a header with a line break. */
enum vouchsafe_error http_request_make(const struct http_post *post, const struct url *url,
                                       struct http_request *out) MUST_USE;
void http_request_clear(struct http_request *r);

/* An answer while it comes in: the head, then the body behind it, in one buffer. */
struct http_reading {
    struct http1_limits limits;
    uint8_t *data;
    size_t len, cap, scanned, head_len, body_len;
    struct http1_head head;
    struct http1_body body;
    bool done;
};
void http_reading_init(struct http_reading *r, size_t answer_max);
void http_reading_clear(struct http_reading *r);

/* Where the next bytes go. */
enum vouchsafe_error http_reading_room(struct http_reading *r, uint8_t **at, size_t *cap) MUST_USE;
/* n bytes have come, or, with 0, the end. r->done once the answer is whole. */
enum vouchsafe_error http_reading_take(struct http_reading *r, size_t n) MUST_USE;
/* The answer that is done. `now` is in seconds since the epoch. */
enum vouchsafe_error http_reading_answer(struct http_reading *r, int64_t now,
                                         struct http_answer *out) MUST_USE;
