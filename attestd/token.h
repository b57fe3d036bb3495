/* token: makes the integrity token, and reads the last one of an instance. */
#pragma once
#include "integrity_token.h"
#include "registry.h"
#include "store.h"

/* How often an instance has been found right in a row, and how likely it is that
 * one altered block went unseen all the while. */
struct streak {
    uint32_t count;
    double miss;
};

/* The streak after one more attestation that asked `fraction` of the blocks. */
struct streak streak_extend(struct streak before, double fraction);

/* As a claim can say it: 0 to 1, in COVERAGE_DECIMALS, rounded down. */
double streak_coverage(struct streak streak);

/* What `previous` is worth: its streak if it is a token of this issuer and app
 * for this build's label and instance key that is still good at `now`; an empty one otherwise.
 * Each token is worth that once (token_former_key): otherwise a tampered app could throw
 * challenges away until one leaves its block out. */
struct former {
    struct streak streak;
    int64_t good_until; /* no later it is worth anything, in seconds */
    char id[JTI_LEN + 1];
};
struct former token_former(struct slice previous, const struct app *app, const struct build *build,
                           struct slice issuer, const struct digest *jkt, int64_t now);

/* What is marked in the store when a token's streak is taken over. */
struct store_key token_former_key(const struct former *former, const struct app *app);

/* What a token is made of, in whatever format. */
struct token_request {
    const struct app *app;
    const struct build *build;
    struct slice issuer;
    const struct public_key *instance_key;
    struct streak streak;          /* this attestation included */
    const struct appraisal *found; /* of an EAR */
    struct slice audience;         /* of a client assertion */
    int64_t now;
};
/* Appends the compact integrity token. ST_TOO_LARGE. */
enum status token_mint(const struct token_request *request, struct writer *w) MUST_USE;
/* How long the longest one can be. */
size_t token_len_max(const struct token_request *request);
