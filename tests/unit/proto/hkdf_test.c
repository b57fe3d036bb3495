#include "hkdf.h"

#include "vectors.h"

Test(hkdf, limits_from_both_sides)
{
    static uint8_t out[HKDF_MAX + 1];
    struct slice none = { 0 };

    cr_expect_eq(hkdf_sha256(none, SLICE_LIT("x"), none, out, HKDF_MAX), ST_OK);
    cr_expect_eq(hkdf_sha256(none, SLICE_LIT("x"), none, out, HKDF_MAX + 1), ST_TOO_LARGE);
    cr_expect_eq(hkdf_sha256(none, SLICE_LIT("x"), none, out, 0), ST_OK);
}

Test(hkdf, wycheproof)
{
    cJSON *json = vectors_open("wycheproof/hkdf_sha256_test.json");
    static uint8_t ikm[1024], salt[1024], info[1024], expected[HKDF_MAX], out[HKDF_MAX];
    const cJSON *group, *test;
    unsigned valid = 0, invalid = 0;

    cJSON_ArrayForEach(group, cJSON_GetObjectItem(json, "testGroups"))
    {
        cJSON_ArrayForEach(test, cJSON_GetObjectItem(group, "tests"))
        {
            struct slice k = { ikm, vectors_hex(test, "ikm", ikm, sizeof ikm) };
            struct slice s = { salt, vectors_hex(test, "salt", salt, sizeof salt) };
            struct slice i = { info, vectors_hex(test, "info", info, sizeof info) };
            size_t size = (size_t)cJSON_GetObjectItem(test, "size")->valueint;
            bool good = strcmp(vectors_text(test, "result"), "valid") == 0;
            cr_assert_eq(hkdf_sha256(s, k, i, out, size), good ? ST_OK : ST_TOO_LARGE);
            if (good) {
                cr_assert_eq(vectors_hex(test, "okm", expected, sizeof expected), size);
                cr_assert_arr_eq(out, expected, size);
            }
            valid += good;
            invalid += !good;
        }
    }
    cr_assert_gt(valid, 50);
    cr_assert_gt(invalid, 0);
    cJSON_Delete(json);
}
