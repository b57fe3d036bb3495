/* base64url: RFC 4648 §5 without padding, canonical only (RFC 7515 §2). */
#pragma once
#include "bytes.h"

/* Length of the text for n bytes, without NUL. */
#define BASE64URL_LEN(n) (((n)*4 + 2) / 3)

void base64url_write(struct writer *w, struct slice bytes);

/* Writes the text and a NUL; `out` holds BASE64URL_LEN(bytes.len) + 1. */
void base64url_encode(char *out, struct slice bytes);

/* Decodes into out[cap]; *len is what was written. ST_INVALID for padding,
 * white space, another alphabet, an impossible length or non-zero trailing
 * bits; ST_TOO_LARGE if it does not fit. */
enum status base64url_decode(struct slice text, uint8_t *out, size_t cap, size_t *len) MUST_USE;

/* Decodes exactly n bytes, otherwise ST_INVALID. */
enum status base64url_decode_exact(struct slice text, uint8_t *out, size_t n) MUST_USE;
