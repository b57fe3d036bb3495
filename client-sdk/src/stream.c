#include "stream.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until the socket is ready for what the channel wants, or the deadline. */
static enum vouchsafe_error wait_for(const struct channel *c, enum channel_progress progress,
                                     int64_t deadline_ms)
{
    struct pollfd wanted = { .fd = c->fd,
                             .events = progress == CHANNEL_WANTS_READ ? POLLIN : POLLOUT };

    if (progress == CHANNEL_FAILED)
        return VOUCHSAFE_UNREACHABLE;
    for (;;) {
        int64_t left = deadline_ms - now_ms();
        if (left <= 0)
            return VOUCHSAFE_TIMEOUT;
        int n = poll(&wanted, 1, left > INT32_MAX ? INT32_MAX : (int)left);
        if (n > 0)
            return VOUCHSAFE_OK;
        if (n < 0 && errno != EINTR)
            return VOUCHSAFE_INTERNAL;
    }
}

static enum vouchsafe_error connect_to(struct channel *c, const struct addrinfo *address,
                                       int64_t deadline_ms)
{
    enum channel_progress progress = channel_connect(c, address->ai_addr, address->ai_addrlen);

    if (progress == CHANNEL_DONE)
        return VOUCHSAFE_OK;
    enum vouchsafe_error error = wait_for(c, progress, deadline_ms);
    if (!error && channel_connected(c) != CHANNEL_DONE)
        error = VOUCHSAFE_UNREACHABLE;
    if (error)
        channel_close(c);
    return error;
}

/* An address that swallows everything takes no more than its share of the time. */
static enum vouchsafe_error connect_any(struct channel *c, const struct addrinfo *found,
                                        int64_t deadline_ms)
{
    enum vouchsafe_error error = VOUCHSAFE_UNREACHABLE;
    int64_t addresses = 0;

    for (const struct addrinfo *a = found; a; a = a->ai_next)
        addresses++;
    for (const struct addrinfo *a = found; a && error; a = a->ai_next, addresses--) {
        int64_t now = now_ms();
        error = connect_to(c, a, now + (deadline_ms - now) / addresses);
    }
    return error;
}

static enum vouchsafe_error resolve_and_connect(struct channel *c, const struct url *url,
                                                int64_t deadline_ms)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *found;
    char host[URL_HOST_MAX + 1], port[8];

    snprintf(port, sizeof port, "%u", url->port);
    if (slice_copy_text(url->host, host, sizeof host) ||
        getaddrinfo(host, port, &hints, &found) != 0)
        return VOUCHSAFE_UNREACHABLE;
    enum vouchsafe_error error = connect_any(c, found, deadline_ms);
    freeaddrinfo(found);
    return error;
}

static enum vouchsafe_error secure(struct channel *c, const struct stream_target *target,
                                   struct trust *trust, int64_t deadline_ms)
{
    enum vouchsafe_error error = channel_secure(c, trust, target->url.host);

    while (!error) {
        enum channel_progress progress = channel_handshake(c, trust, target->attestd);
        if (progress == CHANNEL_DONE)
            break;
        error = wait_for(c, progress, deadline_ms);
    }
    return error;
}

enum vouchsafe_error stream_open(struct stream *s, const struct stream_target *target,
                                 struct trust *trust)
{
    int64_t now = now_ms(), connected = now + target->connect_ms;

    s->deadline_ms = now + target->total_ms;
    enum vouchsafe_error error = resolve_and_connect(&s->channel, &target->url, connected);
    if (!error && target->url.tls) {
        error = secure(&s->channel, target, trust, connected);
        if (error)
            channel_close(&s->channel);
    }
    return error;
}

void stream_close(struct stream *s)
{
    channel_close(&s->channel);
}

enum vouchsafe_error stream_write(struct stream *s, struct slice data)
{
    enum vouchsafe_error error = VOUCHSAFE_OK;

    while (data.len && !error) {
        enum channel_progress progress = channel_write(&s->channel, &data);
        if (progress != CHANNEL_DONE)
            error = wait_for(&s->channel, progress, s->deadline_ms);
    }
    return error;
}

enum vouchsafe_error stream_read(struct stream *s, uint8_t *out, size_t cap, size_t *len)
{
    enum vouchsafe_error error = VOUCHSAFE_OK;

    while (!error) {
        enum channel_progress progress = channel_read(&s->channel, out, cap, len);
        if (progress == CHANNEL_DONE)
            break;
        error = wait_for(&s->channel, progress, s->deadline_ms);
    }
    return error;
}
