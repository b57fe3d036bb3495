/* http: one blocking POST, strictly read. */
#pragma once
#include "http1.h"
#include "stream.h"

enum { HTTP_ANSWER_MAX = 256 * 1024 };

struct http_post {
    const char *url;
    const char *content_type;
    const struct http1_header *headers;
    size_t header_count;
    struct slice body;
    int connect_ms, total_ms;
};

struct http_answer {
    int code;
    unsigned retry_after_s; /* 0: not said */
    char *body;             /* owned, NUL-terminated */
    size_t len;
};

/* Any status is VOUCHSAFE_OK. */
enum vouchsafe_error http_post(const struct http_post *post, struct trust *trust,
                               struct http_answer *out) MUST_USE;
void http_answer_clear(struct http_answer *answer);
