#include "signing_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jwk.h"
#include "jwk_private.h"

struct entry {
    char kid[JWT_KID_MAX + 1];
    struct public_key public;
    int64_t verify_until; /* INT64_MAX: the current one */
};

/* The private half of the current one lies in locked memory, as secrets do. */
struct signing_keys {
    struct secret *secret; /* the bytes of a struct private_key */
    size_t count;
    struct entry entries[KEYRING_MAX]; /* the current one first */
};

/* Reads entry i of the keyring. */
static enum status read_jwk(const struct keyring *k, size_t i, struct private_key *key,
                            char kid[static JWT_KID_MAX + 1])
{
    struct slice own = slice_of(keyring_kid_at(k, i));
    cJSON *jwk;
    enum status st = json_parse_object(keyring_secret_at(k, i), &JSON_TOKEN_LIMITS, &jwk);

    if (st)
        return st;
    st = jwk_private_read(jwk, key);
    if (!st && json_get_text(jwk, "kid", JWT_KID_MAX, &own) == ST_INVALID)
        st = ST_INVALID;
    if (!st)
        st = slice_copy_text(own, kid, JWT_KID_MAX + 1);
    cJSON_Delete(jwk);
    return st;
}

static enum status lock_away(const struct private_key *key, struct secret **out)
{
    return secret_new((struct slice){ (const uint8_t *)key, sizeof *key }, out);
}

static enum status add_entry(const struct keyring *keyring, struct signing_keys *k)
{
    struct entry *entry = &k->entries[k->count];
    struct private_key key;
    enum status st = read_jwk(keyring, k->count, &key, entry->kid);

    if (st)
        return st;
    entry->public = key.public;
    entry->verify_until = keyring_verify_until_at(keyring, k->count);
    if (k->count == 0)
        st = lock_away(&key, &k->secret);
    secret_wipe(&key, sizeof key);
    if (!st)
        k->count++;
    return st;
}

static enum status add_entries(const struct keyring *keyring, struct signing_keys *k)
{
    enum status st = ST_OK;

    while (!st && k->count < keyring_count(keyring))
        st = add_entry(keyring, k);
    return st;
}

enum status signing_keys_read(const char *folder, struct signing_keys **out, char *why,
                              size_t why_cap)
{
    return signing_keys_read_noted(folder, NULL, out, why, why_cap);
}

enum status signing_keys_read_noted(const char *folder, struct sources *sources,
                                    struct signing_keys **out, char *why, size_t why_cap)
{
    struct keyring *keyring;
    enum status st = keyring_read_noted(folder, sources, &keyring, why, why_cap);

    if (st)
        return st;
    struct signing_keys *k = calloc(1, sizeof *k);
    st = k ? add_entries(keyring, k) : ST_NO_MEMORY;
    if (st) {
        snprintf(why, why_cap, "%s/%s: it must be a private JWK of P-256 or Ed25519", folder,
                 keyring_kid_at(keyring, k ? k->count : 0));
        signing_keys_free(k);
    } else {
        *out = k;
    }
    keyring_free(keyring);
    return st;
}

void signing_keys_free(struct signing_keys *k)
{
    if (!k)
        return;
    secret_free(k->secret);
    free(k);
}

const char *signing_keys_kid(const struct signing_keys *k)
{
    return k->entries[0].kid;
}

enum jwt_alg signing_keys_alg(const struct signing_keys *k)
{
    return jwt_alg_of_key(k->entries[0].public.type);
}

enum status signing_keys_sign(void *arg, struct slice message,
                              uint8_t signature[static SIGNATURE_LEN])
{
    const struct signing_keys *k = arg;
    struct private_key key;

    memcpy(&key, secret_bytes(k->secret).data, sizeof key);
    enum status st = crypto_sign(&key, message, signature);
    secret_wipe(&key, sizeof key);
    return st;
}

const struct public_key *signing_keys_find(const struct signing_keys *k, struct slice kid,
                                           int64_t now)
{
    for (size_t i = 0; i < k->count; i++)
        if (slice_is(kid, k->entries[i].kid) && now < k->entries[i].verify_until)
            return &k->entries[i].public;
    return NULL;
}

static void publish_one(const struct entry *entry, struct json_writer *j)
{
    json_begin_object(j, NULL);
    jwk_write_members(j, &entry->public);
    json_text(j, "kid", slice_of(entry->kid));
    json_text(j, "use", SLICE_LIT("sig"));
    json_text(j, "alg", slice_of(jwt_alg_name(jwt_alg_of_key(entry->public.type))));
    if (entry->verify_until != INT64_MAX)
        json_int(j, "exp", entry->verify_until);
    json_end_object(j);
}

void signing_keys_publish(const struct signing_keys *k, int64_t now, struct json_writer *j)
{
    for (size_t i = 0; i < k->count; i++)
        if (now < k->entries[i].verify_until)
            publish_one(&k->entries[i], j);
}

/* --- for tools --- */

enum status signing_key_draw(enum key_type type, struct writer *w)
{
    struct private_key key;
    enum status st = crypto_key_generate(type, &key);

    if (!st)
        st = jwk_private_write(&key, w);
    secret_wipe(&key, sizeof key);
    return st;
}

bool signing_key_type(const char *alg, enum key_type *out)
{
    *out = strcmp(alg, "EdDSA") == 0 ? KEY_ED25519 : KEY_P256;
    return *out == KEY_ED25519 || strcmp(alg, "ES256") == 0;
}
