/* jwk_oct: a possession key as a JWK of type "oct" (RFC 7518 §6.4, RFC 7800 §3.3). */
#pragma once
#include "bytes.h"

enum { OCT_KEY_LEN = 32, JWK_OCT_MAX = 80 };

/* Further members are ignored (RFC 7517 §4). ST_INVALID for anything but one key of OCT_KEY_LEN
 * bytes; ST_UNSUPPORTED for another kty. Wipe `key` when done. */
enum status jwk_oct_read(struct slice text, uint8_t key[static OCT_KEY_LEN]) MUST_USE;

/* {"k":…,"kty":"oct"}; ST_TOO_LARGE; JWK_OCT_MAX bytes are enough. */
enum status jwk_oct_write(const uint8_t key[static OCT_KEY_LEN], struct writer *w) MUST_USE;
