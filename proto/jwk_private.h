/* jwk_private: private keys as JSON Web Keys (RFC 7518 §6.2.2, RFC 8037 §2), as they lie in
 * files. What crosses the network is jwk's. */
#pragma once
#include "crypto.h"
#include "json.h"

enum { JWK_PRIVATE_MAX = 512 };

/* ST_INVALID for a member that is missing or malformed, and if `d` is not the private half of
 * the rest; ST_UNSUPPORTED for another kty or crv. Takes `d` out of the object and wipes it.
 * Wipe *out when done. */
enum status jwk_private_read(cJSON *jwk, struct private_key *out) MUST_USE;

/* ST_TOO_LARGE; JWK_PRIVATE_MAX bytes are enough. */
enum status jwk_private_write(const struct private_key *key, struct writer *w) MUST_USE;
