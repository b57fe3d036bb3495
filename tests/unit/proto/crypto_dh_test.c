#include "crypto_dh.h"

#include "vectors.h"

Test(crypto_dh, both_sides_agree)
{
    for (enum dh_curve curve = DH_P256; curve <= DH_X25519; curve++) {
        struct dh_private a, b, restored;
        uint8_t one[DH_SHARED_LEN], two[DH_SHARED_LEN];
        cr_assert_eq(crypto_dh_generate(curve, crypto_system_random, NULL, &a), ST_OK);
        cr_assert_eq(crypto_dh_generate(curve, crypto_system_random, NULL, &b), ST_OK);
        cr_assert_eq(crypto_dh_check(&a.public), ST_OK);
        cr_assert_eq(crypto_dh_shared(&a, &b.public, one), ST_OK);
        cr_assert_eq(crypto_dh_shared(&b, &a.public, two), ST_OK);
        cr_assert_arr_eq(one, two, sizeof one);
        cr_assert_eq(crypto_dh_shared(&a, &a.public, two), ST_OK);
        cr_assert_neq(memcmp(one, two, sizeof one), 0);
        cr_assert_eq(crypto_dh_from_private(curve, a.d, &restored), ST_OK);
        cr_assert_arr_eq(restored.public.x, a.public.x, KEY_COORD_LEN);
        cr_assert_arr_eq(restored.public.y, a.public.y, KEY_COORD_LEN);
    }
}

Test(crypto_dh, refuses)
{
    static const uint8_t zeros[DH_SHARED_LEN];
    struct dh_public off_curve = { .curve = DH_P256, .x = { 1 }, .y = { 2 } };
    struct dh_public small_order = { .curve = DH_X25519, .x = { 1 } };
    struct dh_private p256, x25519;
    uint8_t out[DH_SHARED_LEN];

    cr_assert_eq(crypto_dh_generate(DH_P256, crypto_system_random, NULL, &p256), ST_OK);
    cr_assert_eq(crypto_dh_generate(DH_X25519, crypto_system_random, NULL, &x25519), ST_OK);
    cr_expect_eq(crypto_dh_check(&off_curve), ST_INVALID);
    memset(out, 1, sizeof out);
    cr_expect_eq(crypto_dh_shared(&p256, &off_curve, out), ST_INVALID);
    cr_expect_arr_eq(out, zeros, sizeof out);
    memset(out, 1, sizeof out);
    cr_expect_eq(crypto_dh_shared(&x25519, &small_order, out), ST_DENIED);
    cr_expect_arr_eq(out, zeros, sizeof out);
    cr_expect_eq(crypto_dh_shared(&x25519, &p256.public, out), ST_INVALID);
    cr_expect_eq(crypto_dh_shared(&p256, &x25519.public, out), ST_INVALID);
    cr_expect_eq(crypto_dh_from_private(DH_P256, zeros, &p256), ST_INVALID);
}

static enum status zeros_only(void *arg, uint8_t *out, size_t len)
{
    ++*(unsigned *)arg;
    memset(out, 0, len);
    return ST_OK;
}

static enum status no_entropy(void *arg, uint8_t *out, size_t len)
{
    (void)arg;
    memset(out, 1, len);
    return ST_UNAVAILABLE;
}

Test(crypto_dh, a_random_source_that_fails)
{
    struct dh_private key;
    unsigned calls = 0;

    cr_expect_eq(crypto_dh_generate(DH_X25519, no_entropy, NULL, &key), ST_UNAVAILABLE);
    cr_expect_eq(crypto_dh_generate(DH_P256, zeros_only, &calls, &key), ST_NO_MEMORY);
    cr_expect_gt(calls, 1, "it draws again");
    cr_expect_lt(calls, 10, "and not forever");
}

Test(crypto_dh, x25519_of_wycheproof)
{
    cJSON *json = vectors_open("wycheproof/x25519_test.json");
    const cJSON *group, *test;
    unsigned agreed = 0, zero = 0;

    cJSON_ArrayForEach(group, cJSON_GetObjectItem(json, "testGroups"))
    {
        cJSON_ArrayForEach(test, cJSON_GetObjectItem(group, "tests"))
        {
            struct dh_public peer = { .curve = DH_X25519 };
            struct dh_private own;
            uint8_t d[32], expected[32], out[32];
            static const uint8_t zeros[32];
            cr_assert_eq(vectors_hex(test, "private", d, sizeof d), 32);
            cr_assert_eq(vectors_hex(test, "public", peer.x, sizeof peer.x), 32);
            cr_assert_eq(vectors_hex(test, "shared", expected, sizeof expected), 32);
            cr_assert_eq(crypto_dh_from_private(DH_X25519, d, &own), ST_OK);
            bool is_zero = memcmp(expected, zeros, 32) == 0;
            cr_assert_eq(crypto_dh_shared(&own, &peer, out), is_zero ? ST_DENIED : ST_OK);
            cr_assert_arr_eq(out, expected, 32);
            agreed += !is_zero;
            zero += is_zero;
        }
    }
    cr_assert_gt(agreed, 400);
    cr_assert_gt(zero, 10);
    cJSON_Delete(json);
}
