#include "jwk_oct.h"

#include <criterion/criterion.h>
#include <string.h>

#define K "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

static enum status read_text(const char *text)
{
    uint8_t key[OCT_KEY_LEN];

    return jwk_oct_read(slice_of(text), key);
}

Test(jwk_oct, round_trip)
{
    uint8_t text[JWK_OCT_MAX], key[OCT_KEY_LEN], read[OCT_KEY_LEN];
    struct writer w = writer_over(text, sizeof text);

    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)i;
    cr_assert_eq(jwk_oct_write(key, &w), ST_OK);
    cr_assert(slice_is(writer_slice(&w), "{\"k\":\"" K "\",\"kty\":\"oct\"}"));
    cr_assert_eq(jwk_oct_read(writer_slice(&w), read), ST_OK);
    cr_assert_arr_eq(read, key, sizeof key);
    w = writer_over(text, w.len - 1);
    cr_assert_eq(jwk_oct_write(key, &w), ST_TOO_LARGE);
}

Test(jwk_oct, refuses)
{
    cr_expect_eq(read_text("{\"kty\":\"oct\",\"k\":\"" K "\",\"alg\":\"A256GCM\"}"), ST_OK);
    cr_expect_eq(read_text("{\"kty\":\"oct\"}"), ST_INVALID);
    cr_expect_eq(read_text("{\"k\":\"" K "\"}"), ST_INVALID);
    cr_expect_eq(read_text("{\"kty\":\"oct\",\"k\":\"AAEC\"}"), ST_INVALID);
    cr_expect_eq(read_text("{\"kty\":\"oct\",\"k\":\"" K "AAAA\"}"), ST_INVALID);
    cr_expect_eq(read_text("{\"kty\":\"oct\",\"k\":\"" K "=\"}"), ST_INVALID);
    cr_expect_eq(read_text("{\"kty\":\"oct\",\"k\":\"" K "\",\"k\":\"" K "\"}"), ST_INVALID);
    cr_expect_eq(read_text("{\"kty\":\"RSA\",\"k\":\"" K "\"}"), ST_UNSUPPORTED);
}
