#include "token_key.h"

#include <string.h>

#include "public_keys.h"

bool token_key_find(const struct client *client, struct slice kid, int64_t now, struct jwt_key *out)
{
    *out = (struct jwt_key){ .alg = client->token_alg };
    if (client->token_alg == JWT_HS256)
        return keyring_find(client->keyring, kid, now, &out->secret);
    out->public = public_keys_find(client->token_keys, kid, now);
    return out->public && jwt_alg_of_key(out->public->type) == client->token_alg;
}

static bool same_public(const struct public_key *a, const struct public_key *b)
{
    return memcmp(a->x, b->x, sizeof a->x) == 0 && memcmp(a->y, b->y, sizeof a->y) == 0;
}

bool token_key_same(const struct jwt_key *a, const struct jwt_key *b)
{
    if (a->alg != b->alg)
        return false;
    return a->alg == JWT_HS256 ? secret_equal(a->secret, b->secret)
                               : same_public(a->public, b->public);
}

bool token_key_lookup_fn(void *arg, struct slice kid, const struct public_key *header_jwk,
                         unsigned i, struct jwt_key *out)
{
    const struct token_key_lookup *lookup = arg;

    (void)header_jwk;
    return lookup->client && i == 0 && token_key_find(lookup->client, kid, lookup->now, out);
}
