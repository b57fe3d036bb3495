/* frame: messages over a byte stream, each behind its length (2 bytes, big-endian; never 0), as
 * the Noise specification proposes (§13). */
#pragma once
#include "bytes.h"

enum { FRAME_HEAD_LEN = 2, FRAME_MAX = 65535 };

/* Collects one frame at a time in an array of the caller's. */
struct frame_reader {
    uint8_t *body;
    size_t cap;
    size_t have; /* of head and body */
    uint8_t head[FRAME_HEAD_LEN];
};

enum frame_progress { FRAME_MORE, FRAME_DONE, FRAME_REFUSED };

void frame_reader_init(struct frame_reader *f, void *array, size_t cap);

/* Takes bytes from the front of *in until a frame is whole. FRAME_DONE: *frame is in the array,
 * until the next call; call again while *in has bytes. FRAME_MORE: *in is empty. FRAME_REFUSED,
 * from then on: an empty frame, or one that the array does not hold. */
enum frame_progress frame_read(struct frame_reader *f, struct slice *in, struct slice *frame);

/* Leaves room for the length; returns where, for frame_end. */
size_t frame_begin(struct writer *w);
/* Sets the length of what was written since; ST_TOO_LARGE if that is nothing, too long or did not
 * fit: then nothing of it is left in w. */
enum status frame_end(struct writer *w, size_t begin) MUST_USE;
