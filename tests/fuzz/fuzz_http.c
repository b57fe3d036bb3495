#include <string.h>

#include "fuzz.h"
#include "http1.h"

static const struct http1_limits limits = { .head = 2048, .body = 2048, .headers = 64 };

/* A whole message read at once, and the same read byte by byte: they must agree. */
struct outcome {
    enum http1_progress progress;
    enum http1_error error;
    size_t head_len, body_len, used;
};

static enum http1_progress read_head(struct slice in, bool response, size_t *scanned,
                                     struct http1_head *head, struct outcome *o)
{
    if (response)
        return http1_read_response(in, &limits, SLICE_LIT("POST"), scanned, head, &o->head_len,
                                   &o->error);
    return http1_read_request(in, &limits, scanned, head, &o->head_len, &o->error);
}

static struct outcome read_message(const uint8_t *data, size_t len, bool response, size_t step,
                                   uint8_t *body)
{
    static struct http1_head head;
    struct outcome o = { .progress = HTTP1_MORE };
    struct http1_body state;
    size_t scanned = 0, at = 0;

    while (o.progress == HTTP1_MORE && at < len) {
        at = len - at < step ? len : at + step;
        o.progress = read_head((struct slice){ data, at }, response, &scanned, &head, &o);
    }
    if (o.progress != HTTP1_DONE)
        return o;
    MUST(o.head_len <= len && head.header_count <= HTTP1_HEADERS_MAX);
    MUST(!(head.chunked && head.has_length) && head.content_length <= limits.body);
    http1_body_begin(&state, &head, &limits);
    o.progress = HTTP1_MORE;
    for (at = o.head_len; o.progress == HTTP1_MORE && at < len;) {
        size_t n = len - at < step ? len - at : step, decoded, used;
        memcpy(body + o.body_len, data + at, n);
        o.progress = http1_body_read(&state, body + o.body_len, n, &decoded, &used, &o.error);
        MUST(decoded <= used && used <= n);
        o.body_len += decoded;
        o.used += used;
        at += n;
    }
    MUST(o.body_len <= limits.body || o.progress == HTTP1_REFUSED);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t whole[1 << 16], bytes[1 << 16];

    if (len < 1 || len > sizeof whole / 2)
        return 0;
    bool response = data[0] & 1;
    struct outcome a = read_message(data + 1, len - 1, response, len, whole);
    struct outcome b = read_message(data + 1, len - 1, response, 1, bytes);
    MUST(a.progress == b.progress && a.error == b.error);
    if (a.progress == HTTP1_DONE) {
        MUST(a.head_len == b.head_len && a.body_len == b.body_len && a.used == b.used);
        MUST(memcmp(whole, bytes, a.body_len) == 0);
    }
    return 0;
}
