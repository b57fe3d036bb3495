#include "trust.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "crypto.h"
#include "tls_trust.h"

struct trust {
    SSL_CTX *context;
    BIO_METHOD *socket;
    size_t pin_count;
    struct digest pins[];
};

/* A BIO over a socket that raises no SIGPIPE, which would end the app: BoringSSL's own does. */
static int socket_of(BIO *bio)
{
    return (int)(intptr_t)BIO_get_data(bio);
}

static bool is_later(ssize_t n)
{
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

static int bio_write(BIO *bio, const char *data, int len)
{
    ssize_t n = send(socket_of(bio), data, (size_t)len, MSG_NOSIGNAL);

    BIO_clear_retry_flags(bio);
    if (is_later(n))
        BIO_set_retry_write(bio);
    return (int)n;
}

static int bio_read(BIO *bio, char *out, int len)
{
    ssize_t n = recv(socket_of(bio), out, (size_t)len, 0);

    BIO_clear_retry_flags(bio);
    if (is_later(n))
        BIO_set_retry_read(bio);
    return (int)n;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH; /* nothing is kept back */
}

static BIO_METHOD *socket_method(void)
{
    BIO_METHOD *method = BIO_meth_new(0, "socket without SIGPIPE");

    if (method && BIO_meth_set_write(method, bio_write) && BIO_meth_set_read(method, bio_read) &&
        BIO_meth_set_ctrl(method, bio_ctrl))
        return method;
    BIO_meth_free(method);
    return NULL;
}

static bool attach(SSL *ssl, const BIO_METHOD *method, int fd)
{
    BIO *bio = BIO_new(method);

    if (!bio)
        return false;
    BIO_set_data(bio, (void *)(intptr_t)fd); /* a number, kept in place of a pointer */
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio); /* owns it */
    return true;
}

enum vouchsafe_error trust_new(const char *ca_file, const uint8_t (*pins)[32], size_t pin_count,
                               struct trust **out)
{
    struct trust *t = calloc(1, sizeof *t + pin_count * sizeof t->pins[0]);

    if (!t)
        return VOUCHSAFE_NO_MEMORY;
    t->pin_count = pin_count;
    if (pin_count)
        memcpy(t->pins, pins, pin_count * sizeof t->pins[0]);
    enum status st = tls_trust_open(ca_file, &t->context);
    t->socket = st ? NULL : socket_method();
    if (!t->socket) {
        trust_free(t);
        return !st || st == ST_NO_MEMORY ? VOUCHSAFE_NO_MEMORY : VOUCHSAFE_BAD_ARGUMENT;
    }
    *out = t;
    return VOUCHSAFE_OK;
}

void trust_free(struct trust *t)
{
    if (!t)
        return;
    SSL_CTX_free(t->context);
    BIO_meth_free(t->socket);
    free(t);
}

SSL *trust_session(struct trust *t, int fd, struct slice host)
{
    SSL *ssl;

    if (tls_trust_session(t->context, fd, host, &ssl))
        return NULL;
    if (attach(ssl, t->socket, fd))
        return ssl;
    SSL_free(ssl);
    return NULL;
}

static bool is_pinned(const struct trust *t, X509 *certificate)
{
    uint8_t *spki = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &spki);

    if (len <= 0)
        return false;
    struct digest hash = crypto_sha256((struct slice){ spki, (size_t)len });
    OPENSSL_free(spki);
    for (size_t i = 0; i < t->pin_count; i++)
        if (memcmp(hash.bytes, t->pins[i].bytes, sizeof hash.bytes) == 0)
            return true;
    return false;
}

/* RFC 7469 §2.6: one certificate of the chain is enough. */
bool trust_pins_hold(const struct trust *t, SSL *ssl)
{
    STACK_OF(X509) *chain = SSL_get_peer_full_cert_chain(ssl);

    if (t->pin_count == 0)
        return true;
    for (size_t i = 0; chain && i < sk_X509_num(chain); i++)
        if (is_pinned(t, sk_X509_value(chain, i)))
            return true;
    return false;
}
