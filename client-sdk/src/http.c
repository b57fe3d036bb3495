#include "http.h"

#include <stdlib.h>
#include <string.h>

#include "secret.h"

enum { HEAD_ROOM = 1024, FIRST = 8192, RETRY_MAX = 3600 };

static const struct http1_limits limits = { .head = 16 * 1024,
                                            .body = HTTP_ANSWER_MAX,
                                            .headers = HTTP1_HEADERS_MAX };

static void write_head(struct writer *w, const struct http_post *post, const struct url *url,
                       struct slice target)
{
    char digits[24];
    struct writer length = writer_over(digits, sizeof digits);

    writer_decimal(&length, (int64_t)post->body.len);
    http1_write_request(w, "POST", target, url->authority);
    http1_write_header(w, SLICE_LIT("Content-Type"), slice_of(post->content_type));
    http1_write_header(w, SLICE_LIT("Content-Length"), writer_slice(&length));
    http1_write_header(w, SLICE_LIT("Accept"), SLICE_LIT("application/json"));
    http1_write_header(w, SLICE_LIT("Connection"), SLICE_LIT("close"));
    for (size_t i = 0; i < post->header_count; i++)
        http1_write_header(w, post->headers[i].name, post->headers[i].value);
    http1_write_end(w);
}

static void write_target(struct writer *w, const struct url *url)
{
    writer_put(w, url->path);
    if (url->query.data) {
        writer_byte(w, '?');
        writer_put(w, url->query);
    }
}

/* The target first, where it stays out of what is sent; then head and body in one piece. */
static enum vouchsafe_error send_request(struct stream *s, const struct http_post *post,
                                         const struct url *url)
{
    size_t room = HEAD_ROOM + 2 * strlen(post->url) + post->body.len;

    for (size_t i = 0; i < post->header_count; i++)
        room += post->headers[i].name.len + post->headers[i].value.len + 4;
    uint8_t *text = malloc(room);
    if (!text)
        return VOUCHSAFE_NO_MEMORY;
    struct writer target = writer_over(text, room);
    write_target(&target, url);
    struct writer w = writer_over(text + target.len, room - target.len);
    write_head(&w, post, url, writer_slice(&target));
    writer_put(&w, post->body);
    enum vouchsafe_error error =
        w.full ? VOUCHSAFE_BAD_ARGUMENT : stream_write(s, writer_slice(&w));
    secret_wipe(text, room);
    free(text);
    return error;
}

/* An answer while it comes in: the head, then the body behind it, in one buffer. */
struct reading {
    uint8_t *data;
    size_t len, cap, scanned, head_len, body_len;
    struct http1_head head;
    struct http1_body body;
};

static enum vouchsafe_error make_room(struct reading *r)
{
    size_t cap = r->cap ? r->cap * 2 : FIRST;

    if (r->len < r->cap)
        return VOUCHSAFE_OK;
    if (r->cap > limits.head + limits.body)
        return VOUCHSAFE_BAD_ANSWER;
    uint8_t *longer = realloc(r->data, cap);
    if (!longer)
        return VOUCHSAFE_NO_MEMORY;
    r->data = longer;
    r->cap = cap;
    return VOUCHSAFE_OK;
}

static enum http1_progress read_head(struct reading *r)
{
    enum http1_error error;

    for (;;) {
        enum http1_progress progress =
            http1_read_response((struct slice){ r->data, r->len }, &limits, SLICE_LIT("POST"),
                                &r->scanned, &r->head, &r->head_len, &error);
        if (progress != HTTP1_DONE || r->head.code >= 200)
            return progress;
        /* Interim answers are skipped (RFC 9110 §15.2). */
        r->len -= r->head_len;
        memmove(r->data, r->data + r->head_len, r->len);
        r->scanned = r->head_len = 0;
    }
}

static enum http1_progress read_body(struct reading *r)
{
    size_t at = r->head_len + r->body_len, decoded, used;
    enum http1_error error;
    enum http1_progress progress =
        http1_body_read(&r->body, r->data + at, r->len - at, &decoded, &used, &error);

    r->body_len += decoded;
    r->len = r->head_len + r->body_len; /* what was read has been taken, or is not wanted */
    return progress;
}

static enum http1_progress take_in(struct reading *r)
{
    if (r->head_len == 0) {
        enum http1_progress progress = read_head(r);
        if (progress != HTTP1_DONE) {
            r->head_len = 0;
            return progress;
        }
        http1_body_begin(&r->body, &r->head, &limits);
    }
    return read_body(r);
}

static enum vouchsafe_error read_answer(struct stream *s, struct reading *r)
{
    for (;;) {
        size_t n;
        enum vouchsafe_error error = make_room(r);
        if (!error)
            error = stream_read(s, r->data + r->len, r->cap - r->len, &n);
        if (error)
            return error;
        if (n == 0)
            return r->head_len && http1_body_ends_at_close(&r->body) ? VOUCHSAFE_OK
                                                                     : VOUCHSAFE_BAD_ANSWER;
        r->len += n;
        switch (take_in(r)) {
        case HTTP1_DONE:
            return VOUCHSAFE_OK;
        case HTTP1_REFUSED:
            return VOUCHSAFE_BAD_ANSWER;
        default:
            break;
        }
    }
}

/* Seconds, not a date: what our servers say (RFC 9110 §10.2.3). The head may have moved with the
 * buffer, so it is read again where it lies now. */
static unsigned retry_after(struct reading *r)
{
    enum http1_error error;
    size_t scanned = 0, head_len;
    uint64_t seconds = 0;

    if (http1_read_response((struct slice){ r->data, r->head_len }, &limits, SLICE_LIT("POST"),
                            &scanned, &r->head, &head_len, &error) != HTTP1_DONE ||
        slice_to_u64(http1_header_value(&r->head, "Retry-After"), RETRY_MAX, &seconds))
        return 0;
    return (unsigned)seconds;
}

static enum vouchsafe_error hand_over(struct reading *r, struct http_answer *out)
{
    out->code = (int)r->head.code;
    out->retry_after_s = retry_after(r);
    out->body = malloc(r->body_len + 1);
    if (!out->body)
        return VOUCHSAFE_NO_MEMORY;
    memcpy(out->body, r->data + r->head_len, r->body_len);
    out->body[r->body_len] = '\0';
    out->len = r->body_len;
    return VOUCHSAFE_OK;
}

static enum vouchsafe_error exchange(struct stream *s, const struct http_post *post,
                                     const struct url *url, struct http_answer *out)
{
    struct reading r = { .data = NULL };
    enum vouchsafe_error error = send_request(s, post, url);

    if (!error)
        error = read_answer(s, &r);
    if (!error)
        error = hand_over(&r, out);
    if (r.data)
        secret_wipe(r.data, r.cap);
    free(r.data);
    return error;
}

enum vouchsafe_error http_post(const struct http_post *post, struct trust *trust,
                               struct http_answer *out)
{
    struct stream *s;
    struct url url;

    *out = (struct http_answer){ .code = 0 };
    if (!post->url || url_read(slice_of(post->url), &url))
        return VOUCHSAFE_BAD_ARGUMENT;
    enum vouchsafe_error error = stream_open(&url, trust, post->connect_ms, post->total_ms, &s);
    if (error)
        return error;
    error = exchange(s, post, &url, out);
    stream_close(s);
    return error;
}

void http_answer_clear(struct http_answer *answer)
{
    if (answer->body)
        secret_wipe(answer->body, answer->len);
    free(answer->body);
    *answer = (struct http_answer){ .code = 0 };
}
