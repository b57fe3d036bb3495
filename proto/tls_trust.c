#include "tls_trust.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "url.h"

#define SYSTEM_BUNDLE "/etc/ssl/certs/ca-certificates.crt"

enum status tls_trust_open(const char *ca_file, SSL_CTX **out)
{
    SSL_CTX *context = SSL_CTX_new(TLS_method());

    if (!context)
        return ST_NO_MEMORY;
    if (!SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) ||
        !SSL_CTX_load_verify_locations(context, ca_file ? ca_file : SYSTEM_BUNDLE, NULL)) {
        ERR_clear_error();
        SSL_CTX_free(context);
        return ST_INVALID;
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    *out = context;
    return ST_OK;
}

static bool is_address(const char *host)
{
    uint8_t bytes[16];

    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

/* The length is given: BoringSSL takes 0 for no name at all, where OpenSSL takes it for strlen. */
static bool expect_host(SSL *ssl, const char *host)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

    if (is_address(host))
        return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(param, host, strlen(host)) == 1 &&
           SSL_set_tlsext_host_name(ssl, host) == 1;
}

enum status tls_trust_session(SSL_CTX *context, int fd, struct slice host, SSL **out)
{
    char name[URL_HOST_MAX + 1];

    if (slice_copy_text(host, name, sizeof name))
        return ST_INVALID;
    SSL *ssl = SSL_new(context);
    if (!ssl || !expect_host(ssl, name) || !SSL_set_fd(ssl, fd)) {
        ERR_clear_error();
        SSL_free(ssl);
        return ST_NO_MEMORY;
    }
    SSL_set_connect_state(ssl);
    *out = ssl;
    return ST_OK;
}
