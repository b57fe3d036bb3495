/* channel: bytes to and from a server over a socket that never blocks, plain or TLS. Whoever
 * drives it does the waiting: stream.c with poll, the event layer with libevent. */
#pragma once
#include <sys/socket.h>

#include "pins.h"
#include "url.h"

struct trust; /* which certificates are believed; shared by channels */

/* ca_file NULL: the system's bundle. BAD_ARGUMENT if it holds none. `pins` must outlive it. */
enum vouchsafe_error trust_new(const char *ca_file, struct pins *pins, struct trust **out) MUST_USE;
void trust_free(struct trust *t);

/* What a step came to: done, or what to wait for before it is taken again. */
enum channel_progress { CHANNEL_DONE, CHANNEL_WANTS_READ, CHANNEL_WANTS_WRITE, CHANNEL_FAILED };

struct ssl_st;
struct channel {
    int fd;             /* -1: closed */
    struct ssl_st *ssl; /* NULL: plain */
    struct chain chain; /* of the server; empty if plain */
};

/* Begins a connection. After CHANNEL_WANTS_WRITE, channel_connected tells how it went. */
enum channel_progress channel_connect(struct channel *c, const struct sockaddr *address,
                                      socklen_t len) MUST_USE;
enum channel_progress channel_connected(const struct channel *c) MUST_USE;

/* TLS over the connection, for `host`: once channel_secure, then channel_handshake until it is
 * done. The channel may not move in memory from then on. */
enum vouchsafe_error channel_secure(struct channel *c, struct trust *trust,
                                    struct slice host) MUST_USE;
enum channel_progress channel_handshake(struct channel *c, const struct trust *trust,
                                        bool attestd) MUST_USE;

/* Writes some, and cuts it off *data. */
enum channel_progress channel_write(struct channel *c, struct slice *data) MUST_USE;
/* Reads some; *len 0 with CHANNEL_DONE is the end. */
enum channel_progress channel_read(struct channel *c, uint8_t *out, size_t cap,
                                   size_t *len) MUST_USE;
void channel_close(struct channel *c);
