/* possession: how the sender of a request proves that it holds the instance key
 * of its integrity token. Pure but for the clock that is handed in. */
#pragma once
#include "dues.h"
#include "settings.h"

struct possession_input {
    const struct settings *settings;
    const struct client *client;
    const struct http1_head *head;
    const struct public_key *key; /* cnf.jwk of the integrity token */
    const struct digest *jkt;
    struct slice audience;   /* whom a proof must be made for */
    struct slice method;     /* and what a DPoP proof must be made for; empty: not known */
    struct slice base, path; /* its URL, in two parts */
    int64_t now;
};

/* What is left for the store to say, and whether the DPoP header was ours. */
struct possession_proof {
    struct dues dues;
    bool dpop_taken;
};

/* A new mode is one function and one row. */
struct possession_mode {
    const char *name; /* of the client's `possession` */
    bool dpop;        /* a DPoP proof may be asked for */
    struct verdict (*check)(const struct possession_input *in, struct possession_proof *out);
};

/* NULL if there is none of that name. */
const struct possession_mode *possession_find(const char *name);

/* One kind of proof each: the modes are made of these. They add to *out. */
struct verdict possession_check_pop(const struct possession_input *in,
                                    struct possession_proof *out);
struct verdict possession_check_dpop(const struct possession_input *in,
                                     struct possession_proof *out);

/* What records that this instance's proof was used: an id of each kind. */
enum proof_kind { PROOF_POP, PROOF_DPOP };
struct due possession_spend(const struct possession_input *in, enum proof_kind kind,
                            struct slice jti, struct verdict otherwise);
