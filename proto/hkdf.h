/* hkdf: HKDF with SHA-256 (RFC 5869). */
#pragma once
#include "crypto.h"

enum { HKDF_MAX = 255 * SHA256_LEN };

/* Extracts and expands into out[len]; ST_TOO_LARGE past HKDF_MAX. `out` may overlap no input. */
enum status hkdf_sha256(struct slice salt, struct slice ikm, struct slice info, uint8_t *out,
                        size_t len) MUST_USE;
