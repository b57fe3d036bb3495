/* utf8: well-formed UTF-8 (RFC 3629): no overlong forms, surrogates or values
 * past U+10FFFF. */
#pragma once
#include "bytes.h"

/* Length of the well-formed sequence at the start of s, or 0. */
size_t utf8_sequence(struct slice s);
bool utf8_ok(struct slice s);
