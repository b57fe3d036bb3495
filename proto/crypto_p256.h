/* crypto_p256: P-256 keys as BoringSSL keeps them. Of the adapter (crypto.h) alone. */
#pragma once
#include <openssl/ec.h>
#include <openssl/ec_key.h>

#include "crypto.h"

/* All three are NULL if memory is short; free with EC_KEY_free. */
EC_KEY *p256_new(void);
/* A key whose point is checked to be on the curve; NULL otherwise. */
EC_KEY *p256_public(const struct public_key *key);
/* Why the one before was NULL: ST_NO_MEMORY, or else `otherwise`. */
enum status p256_why(enum status otherwise) MUST_USE;
/* The key of a scalar, with its public point; NULL if it is no scalar of the curve. */
EC_KEY *p256_private(const uint8_t d[static KEY_COORD_LEN]);
