/* hex: lower-case hexadecimal text, for ids that people read. */
#pragma once
#include "bytes.h"

void hex_write(struct writer *w, struct slice bytes);
void hex_encode(char *out, struct slice bytes); /* 2 * len + 1 with NUL */

/* The value of a digit of either case, or -1. */
int hex_digit(uint8_t c);

/* Lower-case digits only; ST_INVALID or ST_TOO_LARGE otherwise. */
enum status hex_decode(struct slice text, uint8_t *out, size_t cap, size_t *len) MUST_USE;
