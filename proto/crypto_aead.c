#include <openssl/aead.h>
#include <openssl/aes.h>

#include "crypto.h"
#include "secret.h"

/* The contexts lie on the stack and hold their keys in themselves: nothing is allocated, which
 * devices rely on. */
static enum status seal(const EVP_AEAD *aead, const uint8_t *key, const uint8_t *nonce,
                        struct slice aad, struct slice plain, uint8_t *out)
{
    EVP_AEAD_CTX ctx;
    size_t len;

    if (!EVP_AEAD_CTX_init(&ctx, aead, key, AEAD_KEY_LEN, AEAD_TAG_LEN, NULL))
        return ST_NO_MEMORY;
    int good = EVP_AEAD_CTX_seal(&ctx, out, &len, plain.len + AEAD_TAG_LEN, nonce, AEAD_NONCE_LEN,
                                 plain.data, plain.len, aad.data, aad.len);
    EVP_AEAD_CTX_cleanup(&ctx);
    secret_wipe(&ctx, sizeof ctx);
    return good ? ST_OK : ST_TOO_LARGE;
}

static enum status open_sealed(const EVP_AEAD *aead, const uint8_t *key, const uint8_t *nonce,
                               struct slice aad, struct slice sealed, uint8_t *out)
{
    EVP_AEAD_CTX ctx;
    size_t len;

    if (sealed.len < AEAD_TAG_LEN)
        return ST_DENIED;
    if (!EVP_AEAD_CTX_init(&ctx, aead, key, AEAD_KEY_LEN, AEAD_TAG_LEN, NULL))
        return ST_NO_MEMORY;
    int good = EVP_AEAD_CTX_open(&ctx, out, &len, sealed.len - AEAD_TAG_LEN, nonce, AEAD_NONCE_LEN,
                                 sealed.data, sealed.len, aad.data, aad.len);
    EVP_AEAD_CTX_cleanup(&ctx);
    secret_wipe(&ctx, sizeof ctx);
    return good ? ST_OK : ST_DENIED;
}

enum status crypto_seal(const uint8_t key[static AEAD_KEY_LEN],
                        const uint8_t nonce[static AEAD_NONCE_LEN], struct slice aad,
                        struct slice plain, uint8_t *out)
{
    return seal(EVP_aead_aes_256_gcm(), key, nonce, aad, plain, out);
}

enum status crypto_open(const uint8_t key[static AEAD_KEY_LEN],
                        const uint8_t nonce[static AEAD_NONCE_LEN], struct slice aad,
                        struct slice sealed, uint8_t *out)
{
    return open_sealed(EVP_aead_aes_256_gcm(), key, nonce, aad, sealed, out);
}

enum status crypto_chacha_seal(const uint8_t key[static AEAD_KEY_LEN],
                               const uint8_t nonce[static AEAD_NONCE_LEN], struct slice aad,
                               struct slice plain, uint8_t *out)
{
    return seal(EVP_aead_chacha20_poly1305(), key, nonce, aad, plain, out);
}

enum status crypto_chacha_open(const uint8_t key[static AEAD_KEY_LEN],
                               const uint8_t nonce[static AEAD_NONCE_LEN], struct slice aad,
                               struct slice sealed, uint8_t *out)
{
    return open_sealed(EVP_aead_chacha20_poly1305(), key, nonce, aad, sealed, out);
}

enum status crypto_key_wrap(const uint8_t kek[static AEAD_KEY_LEN],
                            const uint8_t key[static AEAD_KEY_LEN],
                            uint8_t out[static WRAPPED_KEY_LEN])
{
    AES_KEY schedule;
    int good = AES_set_encrypt_key(kek, 8 * AEAD_KEY_LEN, &schedule) == 0 &&
               AES_wrap_key(&schedule, NULL, out, key, AEAD_KEY_LEN) == WRAPPED_KEY_LEN;

    secret_wipe(&schedule, sizeof schedule);
    return good ? ST_OK : ST_INTERNAL;
}

enum status crypto_key_unwrap(const uint8_t kek[static AEAD_KEY_LEN],
                              const uint8_t wrapped[static WRAPPED_KEY_LEN],
                              uint8_t out[static AEAD_KEY_LEN])
{
    AES_KEY schedule;
    int good = AES_set_decrypt_key(kek, 8 * AEAD_KEY_LEN, &schedule) == 0 &&
               AES_unwrap_key(&schedule, NULL, out, wrapped, WRAPPED_KEY_LEN) == AEAD_KEY_LEN;

    secret_wipe(&schedule, sizeof schedule);
    if (!good)
        secret_wipe(out, AEAD_KEY_LEN);
    return good ? ST_OK : ST_DENIED;
}
