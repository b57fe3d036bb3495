#include "frame.h"

#include <string.h>

void frame_reader_init(struct frame_reader *f, void *array, size_t cap)
{
    *f = (struct frame_reader){ .body = array, .cap = cap };
}

static size_t length_of(const struct frame_reader *f)
{
    return (size_t)f->head[0] << 8 | f->head[1];
}

/* Moves up to n bytes from *in to `to`. */
static size_t take(struct slice *in, uint8_t *to, size_t n)
{
    if (n > in->len)
        n = in->len;
    if (n) {
        memcpy(to, in->data, n);
        in->data += n;
        in->len -= n;
    }
    return n;
}

enum frame_progress frame_read(struct frame_reader *f, struct slice *in, struct slice *frame)
{
    if (f->have >= FRAME_HEAD_LEN && f->have == FRAME_HEAD_LEN + length_of(f))
        f->have = 0; /* the frame before this one has been seen */
    if (f->have < FRAME_HEAD_LEN)
        f->have += take(in, f->head + f->have, FRAME_HEAD_LEN - f->have);
    if (f->have < FRAME_HEAD_LEN)
        return FRAME_MORE;
    const size_t len = length_of(f);
    if (len == 0 || len > f->cap) {
        f->cap = 0; /* refuses whatever comes */
        f->have = FRAME_HEAD_LEN;
        return FRAME_REFUSED;
    }
    size_t done = f->have - FRAME_HEAD_LEN;
    done += take(in, f->body + done, len - done);
    f->have = FRAME_HEAD_LEN + done;
    if (done < len)
        return FRAME_MORE;
    *frame = (struct slice){ f->body, len };
    return FRAME_DONE;
}

size_t frame_begin(struct writer *w)
{
    size_t begin = w->len;

    writer_u16be(w, 0);
    return begin;
}

enum status frame_end(struct writer *w, size_t begin)
{
    size_t len = w->len - begin - (w->full ? 0 : FRAME_HEAD_LEN);

    if (w->full || len == 0 || len > FRAME_MAX) {
        w->len = begin;
        return ST_TOO_LARGE;
    }
    w->data[begin] = (uint8_t)(len >> 8);
    w->data[begin + 1] = (uint8_t)len;
    return ST_OK;
}
