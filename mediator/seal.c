#include "seal.h"

#include <string.h>

#include "base64url.h"

#define PREFIX "vs1."
#define LABEL  "vouchsafe refresh token v1"

enum { SALT_AND_NONCE = SEAL_SALT_LEN + AEAD_NONCE_LEN };

bool seal_claims(struct slice text)
{
    return slice_starts_with(text, PREFIX);
}

/* Neither a client id nor an issuer holds a NUL; jkt and salt have fixed lengths. */
static struct digest key_of(struct slice secret, const struct seal_scope *scope,
                            const uint8_t salt[static SEAL_SALT_LEN])
{
    struct crypto_hmac h;

    crypto_hmac_init(&h, secret);
    crypto_hmac_update(&h, (struct slice){ (const uint8_t *)LABEL, sizeof LABEL });
    crypto_hmac_update(&h, scope->client_id);
    crypto_hmac_update(&h, (struct slice){ (const uint8_t *)"", 1 });
    crypto_hmac_update(&h, scope->issuer);
    crypto_hmac_update(&h, (struct slice){ (const uint8_t *)"", 1 });
    crypto_hmac_update(&h, (struct slice){ scope->jkt->bytes, sizeof scope->jkt->bytes });
    crypto_hmac_update(&h, (struct slice){ salt, SEAL_SALT_LEN });
    return crypto_hmac_final(&h);
}

enum status seal_close(const struct keyring *k, const struct seal_scope *scope, struct slice plain,
                       uint8_t *room, struct writer *w)
{
    size_t start = w->len;

    writer_text(w, PREFIX);
    writer_text(w, keyring_current_kid(k));
    writer_byte(w, '.');
    if (w->full)
        return ST_TOO_LARGE;
    crypto_random(room, SALT_AND_NONCE);
    struct digest key = key_of(keyring_current_secret(k), scope, room);
    enum status st = crypto_seal(key.bytes, room + SEAL_SALT_LEN,
                                 (struct slice){ w->data + start, w->len - start }, plain,
                                 room + SALT_AND_NONCE);
    secret_wipe(&key, sizeof key);
    if (st)
        return st;
    base64url_write(w, (struct slice){ room, plain.len + SEAL_OVERHEAD });
    return w->full ? ST_TOO_LARGE : ST_OK;
}

/* Cuts "vs1.kid." off *sealed. */
static enum status cut_head(struct slice *sealed, struct slice *head, struct slice *kid)
{
    const uint8_t *start = sealed->data;

    if (!seal_claims(*sealed))
        return ST_INVALID;
    (void)slice_cut(sealed, '.');
    *kid = slice_cut(sealed, '.');
    if (!sealed->data)
        return ST_INVALID;
    *head = (struct slice){ start, (size_t)(sealed->data - start) };
    return ST_OK;
}

enum status seal_open(const struct keyring *k, int64_t now, const struct seal_scope *scope,
                      struct slice sealed, uint8_t *room, struct slice *plain)
{
    struct slice head, kid, secret;
    size_t cap = sealed.len, len;

    if (cut_head(&sealed, &head, &kid) || base64url_decode(sealed, room, cap, &len) ||
        len < SEAL_OVERHEAD)
        return ST_INVALID;
    if (!keyring_find(k, kid, now, &secret))
        return ST_NOT_FOUND;
    struct digest key = key_of(secret, scope, room);
    uint8_t *bytes = room + SALT_AND_NONCE;
    enum status st = crypto_open(key.bytes, room + SEAL_SALT_LEN, head,
                                 (struct slice){ bytes, len - SALT_AND_NONCE }, bytes);
    secret_wipe(&key, sizeof key);
    *plain = (struct slice){ bytes, len - SEAL_OVERHEAD };
    return st;
}
