/* token_key: what a client's integrity tokens verify under: the algorithm that its configuration
 * says, whatever a token says of itself. */
#pragma once
#include "settings.h"

/* The key of that kid, if it may verify at `now`. */
bool token_key_find(const struct client *client, struct slice kid, int64_t now,
                    struct jwt_key *out);
bool token_key_same(const struct jwt_key *a, const struct jwt_key *b);

/* A jwt_key_fn; `client` may be NULL, and then there is none. */
struct token_key_lookup {
    const struct client *client;
    int64_t now;
};
bool token_key_lookup_fn(void *arg, struct slice kid, const struct public_key *header_jwk,
                         unsigned i, struct jwt_key *out);
