/* handout: what upstream hands out for a while, and what names it: a request_uri (RFC 9126
 * §2.2), a device_code (RFC 8628 §3.2). */
#pragma once
#include "json.h"

enum { HANDOUT_SECONDS_MAX = 30 * 86400 };

struct handout {
    cJSON *json;
    struct slice name; /* borrowed from it */
    uint32_t expires_in;
};

/* Reads `member` and expires_in from a JSON answer. ST_INVALID, ST_NOT_FOUND, ST_TOO_LARGE,
 * ST_NO_MEMORY; then nothing is to be cleared. */
enum status handout_read(struct slice body, const char *member, size_t max_len,
                         struct handout *out) MUST_USE;
void handout_clear(struct handout *h);
