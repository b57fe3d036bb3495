/* stream: a channel that blocks, with one deadline. */
#pragma once
#include "channel.h"

struct stream {
    struct channel channel;
    int64_t deadline_ms; /* of monotonic time */
};

/* Whom to connect to, and how long that may take. */
struct stream_target {
    struct url url;
    bool attestd;
    int connect_ms; /* every address gets its share; TLS is part of it */
    int total_ms;   /* for everything */
};

/* Opened, it may not move in memory. There is nothing to close after a failure. */
enum vouchsafe_error stream_open(struct stream *s, const struct stream_target *target,
                                 struct trust *trust) MUST_USE;
void stream_close(struct stream *s);
enum vouchsafe_error stream_write(struct stream *s, struct slice data) MUST_USE;

/* Some bytes, or *len 0 at the end. */
enum vouchsafe_error stream_read(struct stream *s, uint8_t *out, size_t cap, size_t *len) MUST_USE;
