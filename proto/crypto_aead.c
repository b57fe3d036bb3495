#include <openssl/aead.h>

#include "crypto.h"

/* NULL if memory is short. */
static EVP_AEAD_CTX *aes_256_gcm(const uint8_t key[static AEAD_KEY_LEN])
{
    return EVP_AEAD_CTX_new(EVP_aead_aes_256_gcm(), key, AEAD_KEY_LEN, AEAD_TAG_LEN);
}

enum status crypto_seal(const uint8_t key[static AEAD_KEY_LEN],
                        const uint8_t nonce[static AEAD_NONCE_LEN], struct slice aad,
                        struct slice plain, uint8_t *out)
{
    EVP_AEAD_CTX *ctx = aes_256_gcm(key);
    size_t len;

    if (!ctx)
        return ST_NO_MEMORY;
    int good = EVP_AEAD_CTX_seal(ctx, out, &len, plain.len + AEAD_TAG_LEN, nonce, AEAD_NONCE_LEN,
                                 plain.data, plain.len, aad.data, aad.len);
    EVP_AEAD_CTX_free(ctx);
    return good ? ST_OK : ST_TOO_LARGE;
}

enum status crypto_open(const uint8_t key[static AEAD_KEY_LEN],
                        const uint8_t nonce[static AEAD_NONCE_LEN], struct slice aad,
                        struct slice sealed, uint8_t *out)
{
    size_t len;

    if (sealed.len < AEAD_TAG_LEN)
        return ST_DENIED;
    EVP_AEAD_CTX *ctx = aes_256_gcm(key);
    if (!ctx)
        return ST_NO_MEMORY;
    int good = EVP_AEAD_CTX_open(ctx, out, &len, sealed.len - AEAD_TAG_LEN, nonce, AEAD_NONCE_LEN,
                                 sealed.data, sealed.len, aad.data, aad.len);
    EVP_AEAD_CTX_free(ctx);
    return good ? ST_OK : ST_DENIED;
}
