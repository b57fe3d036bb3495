#include "tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "url.h"

#define SYSTEM_BUNDLE "/etc/ssl/certs/ca-certificates.crt"
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
    t->context = SSL_CTX_new(TLS_method());
    if (!t->context || !SSL_CTX_set_min_proto_version(t->context, TLS1_2_VERSION) ||
        !SSL_CTX_load_verify_locations(t->context, ca_file ? ca_file : SYSTEM_BUNDLE, NULL)) {
        ERR_clear_error();
        tls_settings_free(t);
        return ST_INVALID;
    }
    SSL_CTX_set_verify(t->context, SSL_VERIFY_PEER, NULL);
    *out = t;
    return ST_OK;
}

void tls_settings_free(struct tls_settings *t)
{
    if (!t)
        return;
    SSL_CTX_free(t->context);
    free(t);
}

static bool is_address(const char *host)
{
    uint8_t bytes[16];

    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

/* The certificate must name what we called (RFC 9110 §4.3.4, RFC 6125). */
static bool expect_host(SSL *ssl, const char *host)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

    if (is_address(host))
        return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(param, host, strlen(host)) == 1 &&
           SSL_set_tlsext_host_name(ssl, host) == 1;
}

enum status tls_new(struct tls_settings *settings, int fd, struct slice host, struct tls **out)
{
    char name[URL_HOST_MAX + 1];

    if (slice_copy_text(host, name, sizeof name))
        return ST_INVALID;
    struct tls *t = calloc(1, sizeof *t);
    if (!t)
        return ST_NO_MEMORY;
    t->ssl = SSL_new(settings->context);
    if (!t->ssl || !expect_host(t->ssl, name) || !SSL_set_fd(t->ssl, fd)) {
        tls_free(t);
        return ST_NO_MEMORY;
    }
    SSL_set_connect_state(t->ssl);
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

    if (verdict != X509_V_OK)
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

const char *tls_failure(const struct tls *t)
{
    return t->failure;
}
