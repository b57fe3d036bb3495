#include "trust.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "crypto.h"

#define SYSTEM_BUNDLE "/etc/ssl/certs/ca-certificates.crt"

struct trust {
    SSL_CTX *context;
    size_t pin_count;
    struct digest pins[];
};

enum vouchsafe_error trust_new(const char *ca_file, const uint8_t (*pins)[32], size_t pin_count,
                               struct trust **out)
{
    struct trust *t = calloc(1, sizeof *t + pin_count * sizeof t->pins[0]);

    if (!t)
        return VOUCHSAFE_NO_MEMORY;
    t->pin_count = pin_count;
    if (pin_count)
        memcpy(t->pins, pins, pin_count * sizeof t->pins[0]);
    t->context = SSL_CTX_new(TLS_method());
    if (!t->context || !SSL_CTX_set_min_proto_version(t->context, TLS1_2_VERSION) ||
        !SSL_CTX_load_verify_locations(t->context, ca_file ? ca_file : SYSTEM_BUNDLE, NULL)) {
        ERR_clear_error();
        trust_free(t);
        return VOUCHSAFE_BAD_ARGUMENT;
    }
    SSL_CTX_set_verify(t->context, SSL_VERIFY_PEER, NULL);
    *out = t;
    return VOUCHSAFE_OK;
}

void trust_free(struct trust *t)
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

static bool expect_host(SSL *ssl, const char *host)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

    if (is_address(host))
        return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(param, host, strlen(host)) == 1 &&
           SSL_set_tlsext_host_name(ssl, host) == 1;
}

SSL *trust_session(struct trust *t, int fd, struct slice host)
{
    char name[URL_HOST_MAX + 1];

    if (slice_copy_text(host, name, sizeof name))
        return NULL;
    SSL *ssl = SSL_new(t->context);
    if (ssl && expect_host(ssl, name) && SSL_set_fd(ssl, fd)) {
        SSL_set_connect_state(ssl);
        return ssl;
    }
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
