#include "http_message.h"

#include <stdlib.h>
#include <string.h>

#include "retry_after.h"
#include "secret.h"

enum { HEAD_ROOM = 1024, FIRST = 8192, HEAD_MAX = 16 * 1024 };

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
static void write_request(const struct http_post *post, const struct url *url,
                          struct http_request *out)
{
    struct writer target = writer_over(out->memory, out->cap);

    write_target(&target, url);
    struct writer w = writer_over(out->memory + target.len, out->cap - target.len);
    write_head(&w, post, url, writer_slice(&target));
    writer_put(&w, post->body);
    out->text = w.full ? (struct slice){ NULL, 0 } : writer_slice(&w);
}

enum vouchsafe_error http_request_make(const struct http_post *post, const struct url *url,
                                       struct http_request *out)
{
    *out = (struct http_request){ .cap = HEAD_ROOM + 2 * strlen(post->url) + post->body.len };
    for (size_t i = 0; i < post->header_count; i++)
        out->cap += post->headers[i].name.len + post->headers[i].value.len + 4;
    out->memory = malloc(out->cap);
    if (!out->memory)
        return VOUCHSAFE_NO_MEMORY;
    write_request(post, url, out);
    if (out->text.len)
        return VOUCHSAFE_OK;
    http_request_clear(out);
    return VOUCHSAFE_BAD_ARGUMENT;
}

/* The body may be a token request. */
void http_request_clear(struct http_request *r)
{
    if (r->memory)
        secret_wipe(r->memory, r->cap);
    free(r->memory);
    *r = (struct http_request){ .memory = NULL };
}

void http_reading_init(struct http_reading *r, size_t answer_max)
{
    *r = (struct http_reading){
        .limits = { .head = HEAD_MAX, .body = answer_max, .headers = HTTP1_HEADERS_MAX }
    };
}

void http_reading_clear(struct http_reading *r)
{
    if (r->data)
        secret_wipe(r->data, r->cap);
    free(r->data);
    r->data = NULL;
}

/* Not realloc, which would leave a copy behind. */
static enum vouchsafe_error grow(struct http_reading *r)
{
    size_t cap = r->cap ? r->cap * 2 : FIRST;
    uint8_t *longer = malloc(cap);

    if (!longer)
        return VOUCHSAFE_NO_MEMORY;
    if (r->len)
        memcpy(longer, r->data, r->len);
    http_reading_clear(r);
    r->data = longer;
    r->cap = cap;
    return VOUCHSAFE_OK;
}

enum vouchsafe_error http_reading_room(struct http_reading *r, uint8_t **at, size_t *cap)
{
    enum vouchsafe_error error = r->len < r->cap ? VOUCHSAFE_OK : grow(r);

    if (error)
        return error;
    *at = r->data + r->len;
    *cap = r->cap - r->len;
    return VOUCHSAFE_OK;
}

static enum http1_progress read_head(struct http_reading *r)
{
    enum http1_error error;

    for (;;) {
        enum http1_progress progress =
            http1_read_response((struct slice){ r->data, r->len }, &r->limits, SLICE_LIT("POST"),
                                &r->scanned, &r->head, &r->head_len, &error);
        if (progress != HTTP1_DONE || r->head.code >= 200)
            return progress;
        /* Interim answers are skipped (RFC 9110 §15.2). */
        r->len -= r->head_len;
        memmove(r->data, r->data + r->head_len, r->len);
        r->scanned = r->head_len = 0;
    }
}

static enum http1_progress read_body(struct http_reading *r)
{
    size_t at = r->head_len + r->body_len, decoded, used;
    enum http1_error error;
    enum http1_progress progress =
        http1_body_read(&r->body, r->data + at, r->len - at, &decoded, &used, &error);

    r->body_len += decoded;
    r->len = r->head_len + r->body_len; /* what was read has been taken, or is not wanted */
    return progress;
}

static enum http1_progress take_in(struct http_reading *r)
{
    if (r->head_len == 0) {
        enum http1_progress progress = read_head(r);
        if (progress != HTTP1_DONE) {
            r->head_len = 0;
            return progress;
        }
        http1_body_begin(&r->body, &r->head, &r->limits);
    }
    return read_body(r);
}

enum vouchsafe_error http_reading_take(struct http_reading *r, size_t n)
{
    if (n == 0) {
        r->done = r->head_len && http1_body_ends_at_close(&r->body);
        return r->done ? VOUCHSAFE_OK : VOUCHSAFE_BAD_ANSWER;
    }
    r->len += n;
    enum http1_progress progress = take_in(r);
    r->done = progress == HTTP1_DONE;
    return progress == HTTP1_REFUSED ? VOUCHSAFE_BAD_ANSWER : VOUCHSAFE_OK;
}

/* The head may have moved with the buffer, so it is read again where it lies now. */
static int64_t retry_after(struct http_reading *r, int64_t now)
{
    enum http1_error error;
    size_t scanned = 0, head_len;

    if (http1_read_response((struct slice){ r->data, r->head_len }, &r->limits, SLICE_LIT("POST"),
                            &scanned, &r->head, &head_len, &error) != HTTP1_DONE)
        return 0;
    return retry_after_read(http1_header_value(&r->head, "Retry-After"),
                            http1_header_value(&r->head, "Date"), now);
}

enum vouchsafe_error http_reading_answer(struct http_reading *r, int64_t now,
                                         struct http_answer *out)
{
    *out = (struct http_answer){ .code = (int)r->head.code,
                                 .retry_after_s = retry_after(r, now),
                                 .body = malloc(r->body_len + 1),
                                 .len = r->body_len };
    if (!out->body)
        return VOUCHSAFE_NO_MEMORY;
    memcpy(out->body, r->data + r->head_len, r->body_len);
    out->body[r->body_len] = '\0';
    return VOUCHSAFE_OK;
}

void http_answer_clear(struct http_answer *answer)
{
    if (answer->body)
        secret_wipe(answer->body, answer->len);
    free(answer->body);
    *answer = (struct http_answer){ .code = 0 };
}
