#include <errno.h>
#include <sys/socket.h>

#include "http_client_private.h"

void client_log_failure(const struct client_connection *c, const char *reason)
{
    struct log_line line;

    log_begin(&line, c->client->log, LOG_WARN, "upstream connection failed");
    log_word(&line, "host", c->client->host);
    log_int(&line, "port", c->client->port);
    log_word(&line, "reason", reason);
    log_end(&line);
}

enum client_io client_io_of_tls(struct client_connection *c, enum tls_wants wants)
{
    switch (wants) {
    case TLS_READY:
        return CLIENT_IO_SOME;
    case TLS_WANTS_WRITE:
        event_add(&c->write_event, NULL);
        return CLIENT_IO_LATER;
    case TLS_WANTS_READ:
        return CLIENT_IO_LATER; /* the read event is always there */
    case TLS_CLOSED:
        return CLIENT_IO_END;
    default:
        client_log_failure(c, tls_failure(c->tls));
        return CLIENT_IO_FAILED;
    }
}

static bool is_later(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

enum client_io client_read(struct client_connection *c, uint8_t *out, size_t cap, size_t *len)
{
    if (c->tls)
        return client_io_of_tls(c, tls_read(c->tls, out, cap, len));
    ssize_t n = recv(c->fd, out, cap, 0);
    *len = n > 0 ? (size_t)n : 0;
    if (n > 0)
        return CLIENT_IO_SOME;
    if (n == 0)
        return CLIENT_IO_END;
    return is_later() ? CLIENT_IO_LATER : CLIENT_IO_FAILED;
}

enum client_io client_write(struct client_connection *c, struct slice data, size_t *written)
{
    if (c->tls)
        return client_io_of_tls(c, tls_write(c->tls, data, written));
    ssize_t n = send(c->fd, data.data, data.len, MSG_NOSIGNAL);
    *written = n > 0 ? (size_t)n : 0;
    if (n > 0)
        return CLIENT_IO_SOME;
    if (n < 0 && !is_later())
        return CLIENT_IO_FAILED;
    event_add(&c->write_event, NULL);
    return CLIENT_IO_LATER;
}
