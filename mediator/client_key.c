#include "client_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jwk.h"
#include "jwk_private.h"

/* The key itself lies in locked memory, as secrets do. */
struct client_key {
    char kid[JWT_KID_MAX + 1];
    enum jwt_alg alg;
    struct secret *secret; /* the bytes of a struct private_key */
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

static enum status lock_away(const struct keyring *keyring, struct client_key *k)
{
    struct private_key key;
    enum status st = read_jwk(keyring, 0, &key, k->kid);

    if (st)
        return st;
    k->alg = jwt_alg_of_key(key.public.type);
    st = secret_new((struct slice){ (const uint8_t *)&key, sizeof key }, &k->secret);
    secret_wipe(&key, sizeof key);
    return st;
}

enum status client_key_read(const char *folder, struct client_key **out, char *why, size_t why_cap)
{
    struct keyring *keyring;
    enum status st = keyring_read(folder, &keyring, why, why_cap);

    if (st)
        return st;
    struct client_key *k = calloc(1, sizeof *k);
    st = k ? lock_away(keyring, k) : ST_NO_MEMORY;
    if (st) {
        snprintf(why, why_cap, "%s/%s: it must be a private JWK of P-256 or Ed25519", folder,
                 keyring_kid_at(keyring, 0));
        client_key_free(k);
    } else {
        *out = k;
    }
    keyring_free(keyring);
    return st;
}

void client_key_free(struct client_key *k)
{
    if (!k)
        return;
    secret_free(k->secret);
    free(k);
}

const char *client_key_kid(const struct client_key *k)
{
    return k->kid;
}

enum jwt_alg client_key_alg(const struct client_key *k)
{
    return k->alg;
}

enum status client_key_sign(void *arg, struct slice message,
                            uint8_t signature[static SIGNATURE_LEN])
{
    const struct client_key *k = arg;
    struct private_key key;

    memcpy(&key, secret_bytes(k->secret).data, sizeof key);
    enum status st = crypto_sign(&key, message, signature);
    secret_wipe(&key, sizeof key);
    return st;
}

/* --- for mediatorctl --- */

enum status client_key_draw(enum key_type type, struct writer *w)
{
    struct private_key key;
    enum status st = crypto_key_generate(type, &key);

    if (!st)
        st = jwk_private_write(&key, w);
    secret_wipe(&key, sizeof key);
    return st;
}

static enum status publish_one(const struct keyring *k, size_t i, struct json_writer *j)
{
    struct private_key key;
    char kid[JWT_KID_MAX + 1];
    enum status st = read_jwk(k, i, &key, kid);

    if (st)
        return st;
    json_begin_object(j, NULL);
    jwk_write_members(j, &key.public);
    json_text(j, "kid", slice_of(kid));
    json_text(j, "use", SLICE_LIT("sig"));
    json_text(j, "alg", slice_of(jwt_alg_name(jwt_alg_of_key(key.public.type))));
    json_end_object(j);
    secret_wipe(&key, sizeof key);
    return ST_OK;
}

enum status client_key_publish(const struct keyring *k, struct writer *w)
{
    struct json_writer j = json_writer_over(w);
    enum status st = ST_OK;

    json_begin_object(&j, NULL);
    json_begin_array(&j, "keys");
    for (size_t i = 0; i < keyring_count(k) && !st; i++)
        st = publish_one(k, i, &j);
    json_end_array(&j);
    json_end_object(&j);
    return !st && w->full ? ST_TOO_LARGE : st;
}
