#include "channel.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <unistd.h>

#include "trust.h"

enum channel_progress channel_connect(struct channel *c, const struct sockaddr *address,
                                      socklen_t len)
{
    const int on = 1;

    *c = (struct channel){ .fd = socket(address->sa_family,
                                        SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) };
    if (c->fd < 0)
        return CHANNEL_FAILED;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(c->fd, address, len) == 0)
        return CHANNEL_DONE;
    return errno == EINPROGRESS ? CHANNEL_WANTS_WRITE : CHANNEL_FAILED;
}

enum channel_progress channel_connected(const struct channel *c)
{
    socklen_t len = sizeof(int);
    int failure = 0;

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &failure, &len) != 0 || failure)
        return CHANNEL_FAILED;
    return CHANNEL_DONE;
}

enum vouchsafe_error channel_secure(struct channel *c, struct trust *trust, struct slice host)
{
    c->ssl = trust_session(trust, c->fd, host, &c->chain);
    return c->ssl ? VOUCHSAFE_OK : VOUCHSAFE_NO_MEMORY;
}

/* What a TLS call that returned n <= 0 waits for. */
static enum channel_progress tls_progress(const struct channel *c, int n)
{
    switch (SSL_get_error(c->ssl, n)) {
    case SSL_ERROR_WANT_READ:
        return CHANNEL_WANTS_READ;
    case SSL_ERROR_WANT_WRITE:
        return CHANNEL_WANTS_WRITE;
    default:
        ERR_clear_error();
        return CHANNEL_FAILED;
    }
}

enum channel_progress channel_handshake(struct channel *c, const struct trust *trust, bool attestd)
{
    int n = SSL_do_handshake(c->ssl);

    if (n != 1)
        return tls_progress(c, n);
    return trust_pins_hold(trust, &c->chain, attestd) ? CHANNEL_DONE : CHANNEL_FAILED;
}

static bool is_later(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

enum channel_progress channel_write(struct channel *c, struct slice *data)
{
    ssize_t n = c->ssl ? SSL_write(c->ssl, data->data, (int)data->len)
                       : send(c->fd, data->data, data->len, MSG_NOSIGNAL);

    if (n > 0) {
        data->data += n;
        data->len -= (size_t)n;
        return CHANNEL_DONE;
    }
    if (c->ssl)
        return tls_progress(c, (int)n);
    return is_later() ? CHANNEL_WANTS_WRITE : CHANNEL_FAILED;
}

static enum channel_progress read_tls(struct channel *c, uint8_t *out, size_t cap, size_t *len)
{
    int n = SSL_read(c->ssl, out, (int)cap);

    *len = n > 0 ? (size_t)n : 0;
    if (n > 0 || SSL_get_error(c->ssl, n) == SSL_ERROR_ZERO_RETURN)
        return CHANNEL_DONE;
    return tls_progress(c, n);
}

enum channel_progress channel_read(struct channel *c, uint8_t *out, size_t cap, size_t *len)
{
    if (c->ssl)
        return read_tls(c, out, cap, len);
    ssize_t n = recv(c->fd, out, cap, 0);
    *len = n > 0 ? (size_t)n : 0;
    if (n >= 0)
        return CHANNEL_DONE;
    return is_later() ? CHANNEL_WANTS_READ : CHANNEL_FAILED;
}

void channel_close(struct channel *c)
{
    SSL_free(c->ssl);
    if (c->fd >= 0)
        close(c->fd);
    c->ssl = NULL;
    c->fd = -1;
}
