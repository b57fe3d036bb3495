#include "tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "tls_trust.h"

enum { FAILURE_MAX = 160 };

struct tls_settings {
    SSL_CTX *context;
};

struct tls {
    SSL *ssl;
    char failure[FAILURE_MAX];
};

enum status tls_settings_new(const char *ca_file, struct tls_settings **out)
{
    struct tls_settings *t = calloc(1, sizeof *t);

    if (!t)
        return ST_NO_MEMORY;
    enum status st = tls_trust_open(ca_file, &t->context);
    if (st)
        free(t);
    else
        *out = t;
    return st;
}

void tls_settings_free(struct tls_settings *t)
{
    if (!t)
        return;
    SSL_CTX_free(t->context);
    free(t);
}

enum status tls_new(struct tls_settings *settings, int fd, struct slice host, struct tls **out)
{
    struct tls *t = calloc(1, sizeof *t);

    if (!t)
        return ST_NO_MEMORY;
    enum status st = tls_trust_session(settings->context, fd, host, &t->ssl);
    if (st) {
        free(t);
        return st;
    }
    SSL_set_mode(t->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    *out = t;
    return ST_OK;
}

void tls_free(struct tls *t)
{
    if (!t)
        return;
    SSL_free(t->ssl);
    free(t);
}

static void keep_failure(struct tls *t)
{
    long verdict = SSL_get_verify_result(t->ssl);
    uint32_t error = ERR_get_error();
    struct writer w = writer_over(t->failure, sizeof t->failure - 1);

    /* X509_V_ERR_INVALID_CALL: no certificate has been looked at yet. */
    if (verdict != X509_V_OK && verdict != X509_V_ERR_INVALID_CALL)
        writer_text(&w, X509_verify_cert_error_string(verdict));
    else if (error)
        writer_text(&w, ERR_reason_error_string(error));
    else
        writer_text(&w, "the peer closed the connection");
    t->failure[w.len] = '\0';
    ERR_clear_error();
}

/* What a call's result of n asks for. */
static enum tls_wants wants(struct tls *t, int n)
{
    switch (SSL_get_error(t->ssl, n)) {
    case SSL_ERROR_NONE:
        return TLS_READY;
    case SSL_ERROR_WANT_READ:
        return TLS_WANTS_READ;
    case SSL_ERROR_WANT_WRITE:
        return TLS_WANTS_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_CLOSED;
    default:
        keep_failure(t);
        return TLS_FAILED;
    }
}

enum tls_wants tls_handshake(struct tls *t)
{
    ERR_clear_error();
    int n = SSL_do_handshake(t->ssl);
    return n == 1 ? TLS_READY : wants(t, n);
}

enum tls_wants tls_read(struct tls *t, uint8_t *out, size_t cap, size_t *len)
{
    ERR_clear_error();
    int n = SSL_read(t->ssl, out, (int)cap);
    *len = n > 0 ? (size_t)n : 0;
    return n > 0 ? TLS_READY : wants(t, n);
}

enum tls_wants tls_write(struct tls *t, struct slice data, size_t *written)
{
    ERR_clear_error();
    int n = SSL_write(t->ssl, data.data, (int)data.len);
    *written = n > 0 ? (size_t)n : 0;
    return n > 0 ? TLS_READY : wants(t, n);
}

bool tls_has_pending(const struct tls *t)
{
    return SSL_pending(t->ssl) > 0;
}

const char *tls_failure(const struct tls *t)
{
    return t->failure;
}
