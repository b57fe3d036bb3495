/* stream: a blocking byte stream to a server, plain or TLS, with one deadline. */
#pragma once
#include "url.h"
#include "vouchsafe/client.h"

struct trust; /* which certificates are believed; shared by streams */

/* ca_file NULL: the system's bundle. BAD_ARGUMENT if it holds none. */
enum vouchsafe_error trust_new(const char *ca_file, const uint8_t (*pins)[32], size_t pin_count,
                               struct trust **out) MUST_USE;
void trust_free(struct trust *t);

struct stream;

/* Connects within connect_ms; everything after has until total_ms from now. */
enum vouchsafe_error stream_open(const struct url *url, struct trust *trust, int connect_ms,
                                 int total_ms, struct stream **out) MUST_USE;
void stream_close(struct stream *s);
enum vouchsafe_error stream_write(struct stream *s, struct slice data) MUST_USE;

/* Some bytes, or *len 0 at the end. */
enum vouchsafe_error stream_read(struct stream *s, uint8_t *out, size_t cap, size_t *len) MUST_USE;
