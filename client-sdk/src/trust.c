#include "trust.h"

#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "tls_trust.h"

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
    enum status st = tls_trust_open(ca_file, &t->context);
    if (st) {
        free(t);
        return st == ST_NO_MEMORY ? VOUCHSAFE_NO_MEMORY : VOUCHSAFE_BAD_ARGUMENT;
    }
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

SSL *trust_session(struct trust *t, int fd, struct slice host)
{
    SSL *ssl;

    return tls_trust_session(t->context, fd, host, &ssl) ? NULL : ssl;
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
