/* sampling: which blocks a challenge asks for: a uniform subset, without
 * replacement. */
#pragma once
#include "probe.h"

/* A source of uniform 64-bit numbers (xoshiro256**), seeded with SHA-256(challenge ‖ u32be
 * stream), so that streams know nothing of each other. It need not be a cipher: nobody knows a
 * challenge before it is issued, and with it the blocks are told anyway. So nothing but the
 * challenge has to be remembered to know what it asked for. */
struct sampling {
    uint64_t state[4];
};
void sampling_seed(struct sampling *s, const uint8_t challenge[static CHALLENGE_LEN],
                   uint32_t stream);
uint64_t sampling_next(struct sampling *s);

/* Uniform below n; n > 0. */
uint64_t sampling_below(struct sampling *s, uint64_t n);

/* Draws min(k, n) of 0..n-1, each subset as likely as any other, in ascending
 * order; k at most PROBE_BLOCKS_MAX, n at most 2^32. Returns how many. */
uint32_t sampling_draw(struct sampling *s, uint64_t n, uint32_t k,
                       uint32_t out[static PROBE_BLOCKS_MAX]);
