/* backoff: how long to wait after failures in a row: exponential, with full jitter, so that a
 * fleet that failed together does not come back together (Brooker, "Exponential Backoff And
 * Jitter", AWS 2015). */
#pragma once
#include <stdint.h>

/* Milliseconds from 0 to min * 2^failures, at most max. `chance` is 32 random bits. */
int64_t backoff_wait(int64_t min_ms, int64_t max_ms, unsigned failures, uint32_t chance);
