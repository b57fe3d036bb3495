/* tls_trust: what every TLS connection of ours is held to: TLS 1.2 or 1.3, a
 * chain to a believed root, a certificate for the host that was called. */
#pragma once
#include <openssl/base.h>

#include "bytes.h"

/* ca_file NULL: the system's bundle. ST_INVALID if it holds no certificate. Free
 * it with SSL_CTX_free. */
enum status tls_trust_open(const char *ca_file, SSL_CTX **out) MUST_USE;

/* A client session over a connected socket, which it does not own, that will
 * verify `host`: a name (RFC 6125) or an address. ST_INVALID, ST_NO_MEMORY. Free
 * it with SSL_free. */
enum status tls_trust_session(SSL_CTX *context, int fd, struct slice host, SSL **out) MUST_USE;
