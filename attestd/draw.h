/* draw: the probes that a challenge asks, as a function of the challenge. */
#pragma once
#include "policy.h"
#include "registry.h"

struct drawn {
    const struct build *build; /* NULL where it is pretended */
    uint32_t count;
    struct probe probes[PROBES_MAX];
    uint8_t modules[PROBES_MAX]; /* the build's module that each one is about */
    double fraction; /* least part of any required kind's blocks that is asked; 0 if none is */
};

/* `blocks` of each kind that the policy asks and that has numbers, over all modules of the build
 * together, at most PROBE_BLOCKS_MAX. The same arguments draw the same. */
void draw_probes(const struct build *build, const struct policy *policy,
                 const uint8_t challenge[static CHALLENGE_LEN], uint32_t blocks, struct drawn *out);

/* What a client or build that is not registered is asked, so that it is asked something: the kinds
 * of the policy, about the build it named, of a size that the key makes of the name, so that nobody
 * without it can tell that it is none. It never gets past, whatever it answers. */
struct draw_key {
    uint8_t bytes[SHA256_LEN];
};
void draw_pretended(const struct build_id *build, const struct build_tag *tag,
                    const struct draw_key *key, const struct policy *policy,
                    const uint8_t challenge[static CHALLENGE_LEN], uint32_t blocks,
                    struct drawn *out);
