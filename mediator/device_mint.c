#include "device_mint.h"

#include "base64url.h"
#include "device_token.h"
#include "jwe.h"

enum { JTI_BYTES = 16 };

static enum status encrypt_key(const struct device_minting *m, struct writer *w)
{
    const struct device_key *to = &m->device->keys[0];
    const struct jwe_header header = { .kid = slice_of(to->kid),
                                       .cty = SLICE_LIT(DEVICE_TOKEN_CTY) };
    uint8_t text[JWK_OCT_MAX];
    struct writer jwk = writer_over(text, sizeof text);
    enum status st = jwk_oct_write(m->key, &jwk);

    if (!st)
        st =
            jwe_encrypt_to(&to->public, &header, writer_slice(&jwk), crypto_system_random, NULL, w);
    secret_wipe(text, sizeof text);
    return st;
}

static void draw_id(char out[static BASE64URL_LEN(JTI_BYTES) + 1])
{
    uint8_t bytes[JTI_BYTES];

    crypto_random(bytes, sizeof bytes);
    base64url_encode(out, (struct slice){ bytes, sizeof bytes });
}

enum status device_mint(const struct device_minting *m, struct signing_keys *signer,
                        struct writer *w)
{
    char id[BASE64URL_LEN(JTI_BYTES) + 1];
    uint8_t text[JWE_MAX_LEN];
    struct writer jwe = writer_over(text, sizeof text);
    enum status st = encrypt_key(m, &jwe);

    if (st)
        return st;
    draw_id(id);
    const struct device_token_claims claims = { .issuer = m->issuer,
                                                .audience = slice_of(m->device->id),
                                                .scope = slice_of(m->terms->scope),
                                                .client_id = m->client_id,
                                                .token_id = slice_of(id),
                                                .jwe = writer_slice(&jwe),
                                                .issued_at = m->now,
                                                .not_before = m->terms->not_before,
                                                .expires = m->terms->expires,
                                                .once = m->terms->once };
    return device_token_encode(&claims, signing_keys_alg(signer), signing_keys_kid(signer),
                               signing_keys_sign, signer, w);
}
