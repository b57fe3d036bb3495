#include "keyring.h"

#include <stdio.h>
#include <stdlib.h>

#include "keyring_private.h"

enum status keyring_path(const char *folder, const char *name, char out[static KEYRING_PATH_MAX])
{
    int n = snprintf(out, KEYRING_PATH_MAX, "%s/%s", folder, name);

    return n > 0 && n < KEYRING_PATH_MAX ? ST_OK : ST_TOO_LARGE;
}

void keyring_free(struct keyring *k)
{
    if (!k)
        return;
    for (size_t i = 0; i < k->count; i++)
        secret_free(k->entries[i].secret);
    free(k);
}

size_t keyring_count(const struct keyring *k)
{
    return k->count;
}

const char *keyring_kid_at(const struct keyring *k, size_t i)
{
    return k->entries[i].kid;
}

struct slice keyring_secret_at(const struct keyring *k, size_t i)
{
    return secret_bytes(k->entries[i].secret);
}

int64_t keyring_verify_until_at(const struct keyring *k, size_t i)
{
    return k->entries[i].verify_until;
}

const char *keyring_current_kid(const struct keyring *k)
{
    return k->entries[0].kid;
}

struct slice keyring_current_secret(const struct keyring *k)
{
    return secret_bytes(k->entries[0].secret);
}

bool keyring_find(const struct keyring *k, struct slice kid, int64_t now, struct slice *secret)
{
    for (size_t n = 0; n < k->count; n++) {
        const struct keyring_entry *entry = &k->entries[n];
        if (slice_is(kid, entry->kid) && now < entry->verify_until) {
            *secret = secret_bytes(entry->secret);
            return true;
        }
    }
    return false;
}

bool keyring_lookup_fn(void *arg, struct slice kid, const struct public_key *header_jwk, unsigned i,
                       struct jwt_key *out)
{
    const struct keyring_lookup *lookup = arg;

    (void)header_jwk;
    *out = (struct jwt_key){ .alg = JWT_HS256 };
    return i == 0 && keyring_find(lookup->keyring, kid, lookup->now, &out->secret);
}
