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
    struct pins *pins; /* borrowed */
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

static struct digest key_of(X509 *certificate)
{
    uint8_t *spki = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &spki);
    struct digest hash = crypto_sha256((struct slice){ spki, len > 0 ? (size_t)len : 0 });

    OPENSSL_free(spki);
    return hash;
}

/* The chain that was verified, up to its root. What the server sent is another thing: it may hold
 * certificates that prove nothing, pinned ones too. */
static int verify(X509_STORE_CTX *store, void *unused)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct chain *chain = SSL_get_app_data(ssl);

    (void)unused;
    if (X509_verify_cert(store) != 1)
        return 0;
    STACK_OF(X509) *verified = X509_STORE_CTX_get0_chain(store);
    for (size_t i = 0; i < sk_X509_num(verified) && chain->count < CHAIN_MAX; i++)
        chain->keys[chain->count++] = key_of(sk_X509_value(verified, i));
    return 1;
}

enum vouchsafe_error trust_new(const char *ca_file, struct pins *pins, struct trust **out)
{
    struct trust *t = calloc(1, sizeof *t);

    if (!t)
        return VOUCHSAFE_NO_MEMORY;
    t->pins = pins;
    enum status st = tls_trust_open(ca_file, &t->context);
    t->socket = st ? NULL : socket_method();
    if (!t->socket) {
        trust_free(t);
        return !st || st == ST_NO_MEMORY ? VOUCHSAFE_NO_MEMORY : VOUCHSAFE_BAD_ARGUMENT;
    }
    SSL_CTX_set_cert_verify_callback(t->context, verify, NULL);
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

SSL *trust_session(struct trust *t, int fd, struct slice host, struct chain *chain)
{
    SSL *ssl;

    chain->count = 0;
    if (tls_trust_session(t->context, fd, host, &ssl))
        return NULL;
    if (attach(ssl, t->socket, fd) && SSL_set_app_data(ssl, chain))
        return ssl;
    SSL_free(ssl);
    return NULL;
}

bool trust_pins_hold(const struct trust *t, const struct chain *chain, bool attestd)
{
    return pins_hold(t->pins, chain, attestd);
}
