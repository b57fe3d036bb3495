/* jwk_dh: keys for key agreement as JWKs: P-256 (RFC 7518 §6.2) and X25519 (RFC 8037 §2). Read
 * without allocating. Keys that sign are jwk's. */
#pragma once
#include "crypto_dh.h"
#include "json.h"

enum { JWK_DH_MAX = 256 };

/* ST_INVALID for a missing or malformed member, a point off the curve or a private member ("d");
 * ST_UNSUPPORTED for another kty or crv. Further members are ignored. */
enum status jwk_dh_read(struct slice text, struct dh_public *out) MUST_USE;

/* ST_INVALID if `d` is missing, malformed or not the private half of the rest. Wipe *out. */
enum status jwk_dh_private_read(struct slice text, struct dh_private *out) MUST_USE;

/* The required members in lexicographic order, as a thumbprint wants them (RFC 7638). `name` is
 * NULL inside an array and at the top. */
void jwk_dh_write(struct json_writer *j, const char *name, const struct dh_public *key);
struct digest jwk_dh_thumbprint(const struct dh_public *key);

/* ST_TOO_LARGE; JWK_DH_MAX bytes are enough. */
enum status jwk_dh_private_write(const struct dh_private *key, struct writer *w) MUST_USE;
