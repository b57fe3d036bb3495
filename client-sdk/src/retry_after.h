/* retry_after: how long a server asks to be left alone (RFC 9110 §10.2.3). */
#pragma once
#include "bytes.h"

/* Seconds from a Retry-After value of either form. A date is taken against `date`, the answer's own
 * Date header, since our clock may be wrong, and against `now` (seconds since the epoch) without
 * one. 0: not said, or passed already. */
int64_t retry_after_read(struct slice value, struct slice date, int64_t now);
