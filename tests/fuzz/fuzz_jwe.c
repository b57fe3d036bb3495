/* Tokens for a key that nobody has sealed anything to, and JWKs. What a JWK says is written and
 * read back as the same. */
#include <string.h>

#include "fuzz.h"
#include "jwe.h"
#include "jwk_dh.h"
#include "jwk_oct.h"
#include "jwk_scan.h"

static void read_tokens(struct slice text)
{
    static struct dh_private keys[2];
    static uint8_t direct[AEAD_KEY_LEN];
    uint8_t out[JWE_PLAIN_MAX + AEAD_TAG_LEN];
    const struct jwe_header none = { 0 };
    char kid[JWE_KID_MAX + 1];
    size_t len;

    if (!direct[0]) {
        crypto_random(direct, sizeof direct);
        for (size_t i = 0; i < 2; i++)
            MUST(crypto_dh_generate((enum dh_curve)i, crypto_system_random, NULL, &keys[i]) ==
                 ST_OK);
    }
    for (size_t i = 0; i < 2; i++)
        MUST(jwe_decrypt_with(&keys[i], &none, text, out, sizeof out, &len) != ST_OK);
    MUST(jwe_decrypt_dir(direct, &none, text, out, sizeof out, &len) != ST_OK);
    if (jwe_peek_kid(text, kid) == ST_OK)
        MUST(strlen(kid) <= JWE_KID_MAX);
}

static void read_keys(struct slice text)
{
    uint8_t bytes[JWK_DH_MAX], oct[OCT_KEY_LEN];
    struct writer w = writer_over(bytes, sizeof bytes);
    struct json_writer j = json_writer_over(&w);
    struct dh_public public, again;
    struct dh_private private;
    struct jwk_named named;

    if (jwk_dh_read(text, &public) == ST_OK) {
        jwk_dh_write(&j, NULL, &public);
        MUST(jwk_dh_read(writer_slice(&w), &again) == ST_OK);
        MUST(again.curve == public.curve && memcmp(again.x, public.x, sizeof public.x) == 0);
    }
    (void)!jwk_dh_private_read(text, &private);
    (void)!jwk_oct_read(text, oct);
    (void)!jwk_scan(text, &named);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    read_tokens((struct slice){ data, len });
    read_keys((struct slice){ data, len });
    return 0;
}
