#include <string.h>

#include "jwe_private.h"
#include "secret.h"

const char *const jwe_alg_names[JWE_ALG_COUNT] = {
    [JWE_ECDH_ES_A256KW] = "ECDH-ES+A256KW",
    [JWE_DIR] = "dir",
};

static void put_field(struct crypto_hash *h, struct slice bytes)
{
    uint8_t len[4] = { 0, 0, (uint8_t)(bytes.len >> 8), (uint8_t)bytes.len };

    crypto_hash_update(h, (struct slice){ len, sizeof len });
    crypto_hash_update(h, bytes);
}

/* Concat KDF (NIST SP 800-56A §5.8.1), one round: SHA-256(1 ‖ Z ‖ AlgorithmID ‖ PartyUInfo ‖
 * PartyVInfo ‖ SuppPubInfo), the latter the key's length in bits. */
enum status jwe_derive(const uint8_t shared[static DH_SHARED_LEN], struct slice apu,
                       struct slice apv, uint8_t kek[static AEAD_KEY_LEN])
{
    static const uint8_t round[4] = { 0, 0, 0, 1 }, bits[4] = { 0, 0, 1, 0 };
    struct crypto_hash h;

    if (apu.len > JWE_PARTY_MAX || apv.len > JWE_PARTY_MAX)
        return ST_TOO_LARGE;
    crypto_hash_init(&h);
    crypto_hash_update(&h, (struct slice){ round, sizeof round });
    crypto_hash_update(&h, (struct slice){ shared, DH_SHARED_LEN });
    put_field(&h, slice_of(jwe_alg_names[JWE_ECDH_ES_A256KW]));
    put_field(&h, apu);
    put_field(&h, apv);
    crypto_hash_update(&h, (struct slice){ bits, sizeof bits });
    struct digest key = crypto_hash_final(&h);
    memcpy(kek, key.bytes, AEAD_KEY_LEN);
    secret_wipe(&key, sizeof key);
    return ST_OK;
}
