/* trust: TLS settings of the SDK, for stream.c alone. */
#pragma once
#include <openssl/ssl.h>

#include "stream.h"

/* A TLS session over a connected socket that will verify `host`, or NULL. */
SSL *trust_session(struct trust *t, int fd, struct slice host);

/* Whether a certificate of the verified chain has a pinned key, if any is pinned. */
bool trust_pins_hold(const struct trust *t, SSL *ssl);
