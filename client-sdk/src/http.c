#include "http.h"

#include <time.h>

#include "stream.h"

static enum vouchsafe_error read_answer(struct stream *s, struct http_reading *r)
{
    enum vouchsafe_error error = VOUCHSAFE_OK;

    while (!error && !r->done) {
        uint8_t *at;
        size_t cap, n = 0;
        error = http_reading_room(r, &at, &cap);
        if (!error)
            error = stream_read(s, at, cap, &n);
        if (!error)
            error = http_reading_take(r, n);
    }
    return error;
}

static enum vouchsafe_error exchange(struct stream *s, const struct http_request *request,
                                     size_t answer_max, struct http_answer *out)
{
    struct http_reading reading;
    enum vouchsafe_error error = stream_write(s, request->text);

    http_reading_init(&reading, answer_max);
    if (!error)
        error = read_answer(s, &reading);
    if (!error)
        error = http_reading_answer(&reading, time(NULL), out);
    if (!error)
        out->chain = s->channel.chain;
    http_reading_clear(&reading);
    return error;
}

static enum vouchsafe_error send_over(struct stream *s, const struct http_post *post,
                                      const struct url *url, struct http_answer *out)
{
    struct http_request request;
    enum vouchsafe_error error = http_request_make(post, url, &request);

    if (error)
        return error;
    error = exchange(s, &request, post->answer_max, out);
    http_request_clear(&request);
    return error;
}

enum vouchsafe_error http_post(const struct http_post *post, struct trust *trust,
                               struct http_answer *out)
{
    struct stream_target target = { .attestd = post->attestd,
                                    .connect_ms = post->connect_ms,
                                    .total_ms = post->total_ms };
    struct stream stream;

    *out = (struct http_answer){ .code = 0 };
    if (!post->url || url_read(slice_of(post->url), &target.url))
        return VOUCHSAFE_BAD_ARGUMENT;
    enum vouchsafe_error error = stream_open(&stream, &target, trust);
    if (error)
        return error;
    error = send_over(&stream, post, &target.url, out);
    stream_close(&stream);
    return error;
}
