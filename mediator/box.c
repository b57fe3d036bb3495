#include "box.h"

#include <string.h>

#define LABEL "vouchsafe box v1"

static struct digest key_of(struct slice secret, const struct box_scope *scope,
                            const uint8_t salt[static BOX_SALT_LEN])
{
    struct crypto_hmac h;

    crypto_hmac_init(&h, secret);
    crypto_hmac_update(&h, (struct slice){ (const uint8_t *)LABEL, sizeof LABEL });
    crypto_hmac_update(
        &h, (struct slice){ (const uint8_t *)scope->purpose, strlen(scope->purpose) + 1 });
    crypto_hmac_update(&h, scope->context);
    crypto_hmac_update(&h, (struct slice){ (const uint8_t *)"", 1 });
    crypto_hmac_update(&h, (struct slice){ salt, BOX_SALT_LEN });
    return crypto_hmac_final(&h);
}

enum status box_close(const struct keyring *k, const struct box_scope *scope, struct slice plain,
                      struct writer *w)
{
    struct slice kid = slice_of(keyring_current_kid(k));
    size_t start = w->len;

    writer_byte(w, (uint8_t)kid.len);
    writer_put(w, kid);
    uint8_t *salt = writer_reserve(w, BOX_SALT_LEN + AEAD_NONCE_LEN);
    uint8_t *out = writer_reserve(w, plain.len + AEAD_TAG_LEN);
    if (!salt || !out)
        return ST_TOO_LARGE;
    crypto_random(salt, BOX_SALT_LEN + AEAD_NONCE_LEN);
    struct digest key = key_of(keyring_current_secret(k), scope, salt);
    enum status st =
        crypto_seal(key.bytes, salt + BOX_SALT_LEN,
                    (struct slice){ w->data + start, (size_t)(out - w->data) - start }, plain, out);
    secret_wipe(&key, sizeof key);
    return st;
}

enum status box_open(const struct keyring *k, int64_t now, const struct box_scope *scope,
                     struct slice sealed, uint8_t *room, struct slice *plain)
{
    struct slice secret;
    size_t kid_len = sealed.len ? sealed.data[0] : 0;
    size_t head = 1 + kid_len + BOX_SALT_LEN + AEAD_NONCE_LEN;

    if (kid_len == 0 || sealed.len < head + AEAD_TAG_LEN)
        return ST_INVALID;
    const uint8_t *salt = sealed.data + 1 + kid_len;
    if (!keyring_find(k, (struct slice){ sealed.data + 1, kid_len }, now, &secret))
        return ST_NOT_FOUND;
    struct digest key = key_of(secret, scope, salt);
    enum status st =
        crypto_open(key.bytes, salt + BOX_SALT_LEN, (struct slice){ sealed.data, head },
                    (struct slice){ sealed.data + head, sealed.len - head }, room);
    secret_wipe(&key, sizeof key);
    *plain = (struct slice){ room, sealed.len - head - AEAD_TAG_LEN };
    return st;
}
