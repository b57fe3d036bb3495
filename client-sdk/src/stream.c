#include "stream.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "trust.h"

struct stream {
    int fd;
    int64_t deadline_ms;
    SSL *ssl; /* NULL: plain */
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until the socket is ready, or the deadline. */
static enum vouchsafe_error wait_for(int fd, short events, int64_t deadline_ms)
{
    struct pollfd wanted = { .fd = fd, .events = events };

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

static enum vouchsafe_error finish_connect(int fd, int64_t deadline_ms)
{
    enum vouchsafe_error error = wait_for(fd, POLLOUT, deadline_ms);
    socklen_t len = sizeof(int);
    int failure = 0;

    if (error)
        return error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &len) != 0 || failure)
        return VOUCHSAFE_UNREACHABLE;
    return VOUCHSAFE_OK;
}

static enum vouchsafe_error connect_to(const struct addrinfo *address, int64_t deadline_ms, int *fd)
{
    const int on = 1;

    *fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (*fd < 0)
        return VOUCHSAFE_UNREACHABLE;
    setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    enum vouchsafe_error error = VOUCHSAFE_OK;
    if (connect(*fd, address->ai_addr, address->ai_addrlen) != 0)
        error = errno == EINPROGRESS ? finish_connect(*fd, deadline_ms) : VOUCHSAFE_UNREACHABLE;
    if (error)
        close(*fd);
    return error;
}

static enum vouchsafe_error connect_any(const struct url *url, int64_t deadline_ms, int *fd)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *found;
    char host[URL_HOST_MAX + 1], port[8];

    snprintf(port, sizeof port, "%u", url->port);
    if (slice_copy_text(url->host, host, sizeof host) ||
        getaddrinfo(host, port, &hints, &found) != 0)
        return VOUCHSAFE_UNREACHABLE;
    enum vouchsafe_error error = VOUCHSAFE_UNREACHABLE;
    for (const struct addrinfo *a = found; a && error; a = a->ai_next)
        error = connect_to(a, deadline_ms, fd);
    freeaddrinfo(found);
    return error;
}

/* After a TLS call that returned n <= 0: waits for what it wants, or says that it failed. */
static enum vouchsafe_error wait_tls(struct stream *s, int n, int64_t deadline_ms)
{
    switch (SSL_get_error(s->ssl, n)) {
    case SSL_ERROR_WANT_READ:
        return wait_for(s->fd, POLLIN, deadline_ms);
    case SSL_ERROR_WANT_WRITE:
        return wait_for(s->fd, POLLOUT, deadline_ms);
    default:
        ERR_clear_error();
        return VOUCHSAFE_UNREACHABLE;
    }
}

static enum vouchsafe_error handshake(struct stream *s, const struct url *url, struct trust *trust,
                                      int64_t deadline_ms)
{
    enum vouchsafe_error error = VOUCHSAFE_OK;
    int n;

    s->ssl = trust_session(trust, s->fd, url->host);
    if (!s->ssl)
        return VOUCHSAFE_NO_MEMORY;
    while ((n = SSL_do_handshake(s->ssl)) != 1) {
        error = wait_tls(s, n, deadline_ms);
        if (error)
            return error;
    }
    return trust_pins_hold(trust, s->ssl) ? VOUCHSAFE_OK : VOUCHSAFE_UNREACHABLE;
}

enum vouchsafe_error stream_open(const struct url *url, struct trust *trust, int connect_ms,
                                 int total_ms, struct stream **out)
{
    struct stream *s = calloc(1, sizeof *s);
    int64_t now = now_ms();

    if (!s)
        return VOUCHSAFE_NO_MEMORY;
    s->deadline_ms = now + total_ms;
    enum vouchsafe_error error = connect_any(url, now + connect_ms, &s->fd);
    if (error) {
        free(s);
        return error;
    }
    if (url->tls)
        error = handshake(s, url, trust, now + connect_ms);
    if (error)
        stream_close(s);
    else
        *out = s;
    return error;
}

void stream_close(struct stream *s)
{
    if (!s)
        return;
    SSL_free(s->ssl);
    close(s->fd);
    free(s);
}

static bool is_later(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static enum vouchsafe_error write_some(struct stream *s, struct slice *data)
{
    ssize_t n = s->ssl ? SSL_write(s->ssl, data->data, (int)data->len)
                       : send(s->fd, data->data, data->len, MSG_NOSIGNAL);

    if (n > 0) {
        data->data += n;
        data->len -= (size_t)n;
        return VOUCHSAFE_OK;
    }
    if (s->ssl)
        return wait_tls(s, (int)n, s->deadline_ms);
    return is_later() ? wait_for(s->fd, POLLOUT, s->deadline_ms) : VOUCHSAFE_UNREACHABLE;
}

enum vouchsafe_error stream_write(struct stream *s, struct slice data)
{
    while (data.len) {
        enum vouchsafe_error error = write_some(s, &data);
        if (error)
            return error;
    }
    return VOUCHSAFE_OK;
}

enum vouchsafe_error stream_read(struct stream *s, uint8_t *out, size_t cap, size_t *len)
{
    for (;;) {
        ssize_t n = s->ssl ? SSL_read(s->ssl, out, (int)cap) : recv(s->fd, out, cap, 0);
        *len = n > 0 ? (size_t)n : 0;
        if (n > 0 || (n == 0 && !s->ssl))
            return VOUCHSAFE_OK;
        if (s->ssl && SSL_get_error(s->ssl, (int)n) == SSL_ERROR_ZERO_RETURN)
            return VOUCHSAFE_OK;
        if (!s->ssl && !is_later())
            return VOUCHSAFE_UNREACHABLE;
        enum vouchsafe_error error =
            s->ssl ? wait_tls(s, (int)n, s->deadline_ms) : wait_for(s->fd, POLLIN, s->deadline_ms);
        if (error)
            return error;
    }
}
