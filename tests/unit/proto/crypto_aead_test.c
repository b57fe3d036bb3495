#include "crypto.h"

#include "vectors.h"

typedef enum status seal_fn(const uint8_t *key, const uint8_t *nonce, struct slice aad,
                            struct slice plain, uint8_t *out);
typedef enum status open_fn(const uint8_t *key, const uint8_t *nonce, struct slice aad,
                            struct slice sealed, uint8_t *out);

/* Vectors of our key, nonce and tag lengths; others are not expressible here. */
static bool is_ours(const cJSON *group)
{
    return cJSON_GetObjectItem(group, "keySize")->valueint == 256 &&
           cJSON_GetObjectItem(group, "ivSize")->valueint == 96 &&
           cJSON_GetObjectItem(group, "tagSize")->valueint == 128;
}

static bool check(const cJSON *test, seal_fn *seal, open_fn *open)
{
    static uint8_t aad[4096], plain[4096], sealed[4096 + AEAD_TAG_LEN], out[sizeof sealed];
    uint8_t key[AEAD_KEY_LEN], nonce[AEAD_NONCE_LEN];
    bool valid = strcmp(vectors_text(test, "result"), "valid") == 0;

    cr_assert_eq(vectors_hex(test, "key", key, sizeof key), sizeof key);
    cr_assert_eq(vectors_hex(test, "iv", nonce, sizeof nonce), sizeof nonce);
    struct slice a = { aad, vectors_hex(test, "aad", aad, sizeof aad) };
    struct slice m = { plain, vectors_hex(test, "msg", plain, sizeof plain) };
    size_t len = vectors_hex(test, "ct", sealed, 4096);
    len += vectors_hex(test, "tag", sealed + len, AEAD_TAG_LEN);
    cr_assert_eq(open(key, nonce, a, (struct slice){ sealed, len }, out),
                 valid ? ST_OK : ST_DENIED);
    if (!valid)
        return false;
    cr_assert(slice_equal((struct slice){ out, m.len }, m));
    cr_assert_eq(seal(key, nonce, a, m, out), ST_OK);
    cr_assert_arr_eq(out, sealed, len);
    return true;
}

static void check_file(const char *name, seal_fn *seal, open_fn *open)
{
    cJSON *json = vectors_open(name);
    const cJSON *group, *test;
    unsigned valid = 0, invalid = 0;

    cJSON_ArrayForEach(group, cJSON_GetObjectItem(json, "testGroups"))
    {
        cJSON_ArrayForEach(test, cJSON_GetObjectItem(group, "tests"))
        {
            if (!is_ours(group))
                continue;
            bool good = check(test, seal, open);
            valid += good;
            invalid += !good;
        }
    }
    cr_assert_gt(valid, 20);
    cr_assert_gt(invalid, 20);
    cJSON_Delete(json);
}

Test(crypto_aead, aes_256_gcm_of_wycheproof)
{
    check_file("wycheproof/aes_gcm_test.json", crypto_seal, crypto_open);
}

Test(crypto_aead, chacha20_poly1305_of_wycheproof)
{
    check_file("wycheproof/chacha20_poly1305_test.json", crypto_chacha_seal, crypto_chacha_open);
}

Test(crypto_aead, key_wrap_of_rfc_3394) /* §4.6 */
{
    static const char kek_text[] =
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    static const char key_text[] =
        "00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f";
    static const char wrapped_text[] =
        "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f4"
        "3bfb988b9b7a02dd21";
    uint8_t kek[32], key[32], expected[WRAPPED_KEY_LEN], wrapped[WRAPPED_KEY_LEN], out[32];
    static const uint8_t zeros[32];
    size_t len;

    cr_assert_eq(hex_decode(slice_of(kek_text), kek, sizeof kek, &len), ST_OK);
    cr_assert_eq(hex_decode(slice_of(key_text), key, sizeof key, &len), ST_OK);
    cr_assert_eq(hex_decode(slice_of(wrapped_text), expected, sizeof expected, &len), ST_OK);
    cr_assert_eq(crypto_key_wrap(kek, key, wrapped), ST_OK);
    cr_assert_arr_eq(wrapped, expected, sizeof wrapped);
    cr_assert_eq(crypto_key_unwrap(kek, wrapped, out), ST_OK);
    cr_assert_arr_eq(out, key, sizeof key);
    for (size_t bit = 0; bit < 8 * sizeof wrapped; bit++) {
        wrapped[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_assert_eq(crypto_key_unwrap(kek, wrapped, out), ST_DENIED);
        cr_assert_arr_eq(out, zeros, sizeof out);
        wrapped[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}
