/* trust: TLS settings of the SDK, for channel.c alone. */
#pragma once
#include <openssl/ssl.h>

#include "channel.h"

/* A TLS session over a connected socket that will verify `host` and, with the handshake, write
 * down the chain by which it did; NULL without memory. */
SSL *trust_session(struct trust *t, int fd, struct slice host, struct chain *chain);

/* Whether a certificate of that chain has a pinned key, if any is pinned. */
bool trust_pins_hold(const struct trust *t, const struct chain *chain, bool attestd);
