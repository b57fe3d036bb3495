/* draw: the probes that a challenge asks, as a function of the challenge. */
#pragma once
#include "policy.h"
#include "registry.h"

struct drawn {
    uint32_t count;
    struct probe probes[PROBES_MAX];
    const struct module *modules[PROBES_MAX]; /* whom each one is about */
    double fraction; /* least part of any required kind's blocks that is asked; 0 if none is */
};

/* `blocks` of each kind that the policy asks, over all modules of the build
 * together, at most PROBE_BLOCKS_MAX. The same arguments draw the same. */
void draw_probes(const struct build *build, const struct policy *policy,
                 const uint8_t challenge[static CHALLENGE_LEN], uint32_t blocks, struct drawn *out);

/* What a client that is not registered is asked, so that it is asked something:
 * the same kinds, about the build it named, of a size that depends on the name.
 * It never gets past, whatever it answers. */
void draw_pretended(const struct build_id *build, const struct build_tag *tag,
                    const uint8_t challenge[static CHALLENGE_LEN], uint32_t blocks,
                    struct drawn *out);
