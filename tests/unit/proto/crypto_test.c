#include "crypto.h"

#include <criterion/criterion.h>
#include <string.h>

#include "vectors.h"

static void from_hex(const char *text, uint8_t *out, size_t n)
{
    size_t len;

    cr_assert_eq(hex_decode(slice_of(text), out, n, &len), ST_OK);
    cr_assert_eq(len, n);
}

Test(crypto, sha256_of_abc) /* FIPS 180-4 */
{
    uint8_t expected[32];
    struct digest got = crypto_sha256(SLICE_LIT("abc"));

    from_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", expected, 32);
    cr_assert_arr_eq(got.bytes, expected, 32);
}

/* McGrew and Viega, "The Galois/Counter Mode of Operation", test case 16. */
struct gcm_case {
    uint8_t key[AEAD_KEY_LEN], nonce[AEAD_NONCE_LEN], aad[20], plain[60];
    uint8_t sealed[60 + AEAD_TAG_LEN];
};

static struct gcm_case gcm_case_16(void)
{
    struct gcm_case c;

    from_hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", c.key, 32);
    from_hex("cafebabefacedbaddecaf888", c.nonce, 12);
    from_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2", c.aad, 20);
    from_hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
             "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
             c.plain, 60);
    from_hex("522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
             "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
             "76fc6ece0f4e1768cddf8853bb2d551b",
             c.sealed, 76);
    return c;
}

static enum status gcm_open(const struct gcm_case *c, size_t sealed_len, uint8_t *out)
{
    return crypto_open(c->key, c->nonce, (struct slice){ c->aad, sizeof c->aad },
                       (struct slice){ c->sealed, sealed_len }, out);
}

Test(crypto, one_flipped_bit_of_anything_and_nothing_is_opened)
{
    struct gcm_case c = gcm_case_16();
    uint8_t *const parts[] = { c.key, c.nonce, c.aad, c.sealed };
    const size_t sizes[] = { sizeof c.key, sizeof c.nonce, sizeof c.aad, sizeof c.sealed };
    uint8_t out[sizeof c.sealed];

    for (size_t part = 0; part < 4; part++)
        for (size_t bit = 0; bit < 8 * sizes[part]; bit++) {
            parts[part][bit / 8] ^= (uint8_t)(1 << bit % 8);
            memcpy(out, c.plain, sizeof c.plain);
            cr_assert_eq(gcm_open(&c, sizeof c.sealed, out), ST_DENIED, "%zu %zu", part, bit);
            cr_assert_neq(memcmp(out, c.plain, sizeof c.plain), 0, "nothing is left of it");
            parts[part][bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    for (size_t len = 0; len < sizeof c.sealed; len++)
        cr_assert_eq(gcm_open(&c, len, out), ST_DENIED, "cut to %zu", len);
    cr_expect_eq(gcm_open(&c, sizeof c.sealed, out), ST_OK);
    cr_expect_arr_eq(out, c.plain, sizeof c.plain);
}

Test(crypto, seals_as_the_vector_says_also_in_place)
{
    struct gcm_case c = gcm_case_16();
    uint8_t out[sizeof c.sealed];

    memcpy(out, c.plain, sizeof c.plain);
    cr_expect_eq(crypto_seal(c.key, c.nonce, (struct slice){ c.aad, sizeof c.aad },
                             (struct slice){ out, sizeof c.plain }, out),
                 ST_OK);
    cr_expect_arr_eq(out, c.sealed, sizeof c.sealed);
    cr_expect_eq(crypto_open(c.key, c.nonce, (struct slice){ c.aad, sizeof c.aad },
                             (struct slice){ out, sizeof out }, out),
                 ST_OK);
    cr_expect_arr_eq(out, c.plain, sizeof c.plain);
}

Test(crypto, hmac_of_rfc_4231)
{
    uint8_t long_key[131], expected[32];
    struct crypto_hmac h;

    memset(long_key, 0xaa, sizeof long_key);
    from_hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", expected, 32);
    struct digest got =
        crypto_hmac_sha256(SLICE_LIT("Jefe"), SLICE_LIT("what do ya want for nothing?"));
    cr_assert_arr_eq(got.bytes, expected, 32, "case 2");

    from_hex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", expected, 32);
    crypto_hmac_init(&h, (struct slice){ long_key, sizeof long_key });
    crypto_hmac_update(&h, SLICE_LIT("Test Using Larger Than Block-Size Key"));
    crypto_hmac_update(&h, SLICE_LIT(" - Hash Key First"));
    got = crypto_hmac_final(&h);
    cr_assert_arr_eq(got.bytes, expected, 32, "case 6, in two parts");
}

Test(crypto, ed25519_of_rfc_8032)
{
    struct private_key key;
    uint8_t seed[32], public[32], expected[64], got[64];

    from_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", seed, 32);
    from_hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", public, 32);
    from_hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
             "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
             expected, 64);
    cr_assert_eq(crypto_key_from_private(KEY_ED25519, seed, &key), ST_OK);
    cr_assert_arr_eq(key.public.x, public, 32);
    cr_assert_eq(crypto_sign(&key, SLICE_LIT("\x72"), got), ST_OK);
    cr_assert_arr_eq(got, expected, 64);
    cr_assert_eq(crypto_verify(&key.public, SLICE_LIT("\x72"), got), ST_OK);
}

Test(crypto, what_is_signed_verifies_and_nothing_else_does)
{
    static const enum key_type types[] = { KEY_P256, KEY_ED25519 };

    for (size_t t = 0; t < 2; t++) {
        struct private_key key, other;
        uint8_t signature[SIGNATURE_LEN];
        cr_assert_eq(crypto_key_generate(types[t], &key), ST_OK);
        cr_assert_eq(crypto_key_generate(types[t], &other), ST_OK);
        cr_assert_eq(crypto_key_check(&key.public), ST_OK);
        cr_assert_eq(crypto_sign(&key, SLICE_LIT("message"), signature), ST_OK);
        cr_assert_eq(crypto_verify(&key.public, SLICE_LIT("message"), signature), ST_OK);
        cr_assert_eq(crypto_verify(&key.public, SLICE_LIT("massage"), signature), ST_DENIED);
        cr_assert_eq(crypto_verify(&other.public, SLICE_LIT("message"), signature), ST_DENIED);
        for (size_t i = 0; i < SIGNATURE_LEN; i++) {
            signature[i] ^= 0x10;
            cr_assert_eq(crypto_verify(&key.public, SLICE_LIT("message"), signature), ST_DENIED);
            signature[i] ^= 0x10;
        }
    }
}

Test(crypto, keys_that_are_none)
{
    struct private_key key;
    struct public_key off_curve = { .type = KEY_P256, .x = { 1 }, .y = { 2 } };
    struct public_key small_order = { .type = KEY_ED25519, .x = { 1 } };
    uint8_t zero[32] = { 0 }, order[32];

    cr_assert_eq(crypto_key_check(&off_curve), ST_INVALID);
    cr_assert_eq(crypto_key_check(&small_order), ST_INVALID);
    cr_assert_eq(crypto_key_from_private(KEY_P256, zero, &key), ST_INVALID);
    from_hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", order, 32);
    cr_assert_eq(crypto_key_from_private(KEY_P256, order, &key), ST_INVALID);
    order[31]--;
    cr_assert_eq(crypto_key_from_private(KEY_P256, order, &key), ST_OK, "one less is a key");
}

/* "04" ‖ x ‖ y */
static bool read_point(const cJSON *group, struct public_key *out)
{
    uint8_t point[65];
    const cJSON *key = cJSON_GetObjectItemCaseSensitive(group, "publicKey");

    out->type = KEY_P256;
    if (vectors_hex(key, "uncompressed", point, sizeof point) != sizeof point)
        return false;
    memcpy(out->x, point + 1, 32);
    memcpy(out->y, point + 33, 32);
    return true;
}

Test(crypto, ecdsa_of_wycheproof)
{
    cJSON *json = vectors_open("wycheproof/ecdsa_secp256r1_sha256_p1363_test.json");
    const cJSON *group, *test;
    size_t valid = 0, invalid = 0;

    cJSON_ArrayForEach(group, cJSON_GetObjectItemCaseSensitive(json, "testGroups"))
    {
        struct public_key key;
        cr_assert(read_point(group, &key));
        cJSON_ArrayForEach(test, cJSON_GetObjectItemCaseSensitive(group, "tests"))
        {
            static uint8_t message[1 << 16], signature[1 << 12];
            size_t message_len = vectors_hex(test, "msg", message, sizeof message);
            size_t len = vectors_hex(test, "sig", signature, sizeof signature);
            bool holds = len == SIGNATURE_LEN &&
                         !crypto_verify(&key, (struct slice){ message, message_len }, signature);
            bool should = strcmp(vectors_text(test, "result"), "valid") == 0;
            cr_assert_eq(holds, should, "tcId %d",
                         cJSON_GetObjectItemCaseSensitive(test, "tcId")->valueint);
            valid += should;
            invalid += !should;
        }
    }
    cr_assert_gt(valid, 50);
    cr_assert_gt(invalid, 50);
    cJSON_Delete(json);
}
