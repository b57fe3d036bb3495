/* possession: how the sender of a request proves that it holds the instance key
 * of its integrity token. Pure but for the clock that is handed in. */
#pragma once
#include "refusal.h"
#include "settings.h"
#include "store.h"

struct possession_input {
    const struct settings *settings;
    const struct client *client;
    const struct http1_head *head;
    const struct public_key *key; /* cnf.jwk of the integrity token */
    const struct digest *jkt;
    int64_t now;
};

/* What is left for the store to say. */
struct possession_proof {
    bool has_id; /* then `id` is to be spent, once, for `id_ttl_ms` */
    struct store_key id;
    uint32_t id_ttl_ms;
    bool has_challenge; /* then `challenge` must be one that we gave out */
    struct store_key challenge;
};

/* A new mode is one function and one row. */
struct possession_mode {
    const char *name; /* of the client's `possession` */
    struct verdict (*check)(const struct possession_input *in, struct possession_proof *out);
};

/* NULL if there is none of that name. */
const struct possession_mode *possession_find(const char *name);
