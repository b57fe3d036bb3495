/* jwe-tool: our JWE for other implementations to judge.
 *
 *   jwe-tool key P-256|X25519|oct        a private JWK
 *   jwe-tool seal JWK TEXT [APU APV]     a token for a public JWK, or under an oct one (dir)
 *   jwe-tool open JWK TOKEN              what is in it; "refused WHY" and exit code 1 otherwise
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jwe.h"
#include "jwk_dh.h"
#include "jwk_oct.h"

static int say(enum status st, struct slice text)
{
    if (st)
        printf("refused %s\n", status_name(st));
    else
        printf("%.*s\n", (int)text.len, (const char *)text.data);
    return st ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int make_key(const char *name)
{
    uint8_t text[JWK_DH_MAX], oct[OCT_KEY_LEN];
    struct writer w = writer_over(text, sizeof text);
    struct dh_private key;
    enum dh_curve curve = strcmp(name, "P-256") == 0 ? DH_P256 : DH_X25519;
    enum status st = crypto_dh_generate(curve, crypto_system_random, NULL, &key);

    crypto_random(oct, sizeof oct);
    if (!st)
        st = strcmp(name, "oct") == 0 ? jwk_oct_write(oct, &w) : jwk_dh_private_write(&key, &w);
    return say(st, writer_slice(&w));
}

static int seal(const char *jwk, const char *plain, const char *apu, const char *apv)
{
    const struct jwe_header header = { .kid = SLICE_LIT("k1"),
                                       .cty = SLICE_LIT("jwk+json"),
                                       .apu = slice_of(apu),
                                       .apv = slice_of(apv) };
    uint8_t text[JWE_MAX_LEN], oct[OCT_KEY_LEN];
    struct writer w = writer_over(text, sizeof text);
    struct dh_public key;
    enum status st = jwk_dh_read(slice_of(jwk), &key);

    if (!st)
        st = jwe_encrypt_to(&key, &header, slice_of(plain), crypto_system_random, NULL, &w);
    else if (jwk_oct_read(slice_of(jwk), oct) == ST_OK)
        st = jwe_encrypt_dir(oct, &header, slice_of(plain), crypto_system_random, NULL, &w);
    return say(st, writer_slice(&w));
}

static int open_token(const char *jwk, const char *token)
{
    const struct jwe_header expected = { .cty = SLICE_LIT("jwk+json") };
    uint8_t out[JWE_PLAIN_MAX + AEAD_TAG_LEN], oct[OCT_KEY_LEN];
    struct dh_private key;
    size_t len = 0;
    enum status st = jwk_dh_private_read(slice_of(jwk), &key);

    if (!st)
        st = jwe_decrypt_with(&key, &expected, slice_of(token), out, sizeof out, &len);
    else if (jwk_oct_read(slice_of(jwk), oct) == ST_OK)
        st = jwe_decrypt_dir(oct, &expected, slice_of(token), out, sizeof out, &len);
    return say(st, (struct slice){ out, len });
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "key") == 0)
        return make_key(argv[2]);
    if ((argc == 4 || argc == 6) && strcmp(argv[1], "seal") == 0)
        return seal(argv[2], argv[3], argc == 6 ? argv[4] : NULL, argc == 6 ? argv[5] : NULL);
    if (argc == 4 && strcmp(argv[1], "open") == 0)
        return open_token(argv[2], argv[3]);
    return 2;
}
