#include "jwk_dh.h"

#include <criterion/criterion.h>
#include <string.h>

/* RFC 8037, appendix A.6 */
#define X  "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo"
#define D  "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo"
#define PX "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0"
#define PY "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"
#define PD "0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo" /* RFC 7518, appendix C: Alice */

static enum status read_public(const char *text)
{
    struct dh_public key;

    return jwk_dh_read(slice_of(text), &key);
}

static enum status read_private(const char *text, struct dh_private *out)
{
    return jwk_dh_private_read(slice_of(text), out);
}

Test(jwk_dh, private_keys_of_both_curves)
{
    struct dh_private key;

    cr_expect_eq(
        read_private("{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" X "\",\"d\":\"" D "\"}", &key),
        ST_OK);
    cr_expect_eq(key.public.curve, DH_X25519);
    cr_expect_eq(read_private("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" PX "\",\"y\":\"" PY
                              "\",\"d\":\"" PD "\"}",
                              &key),
                 ST_OK);
    cr_expect_eq(key.public.curve, DH_P256);
    cr_expect_eq(
        read_private("{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" X "\",\"d\":\"" PD "\"}", &key),
        ST_INVALID, "another half");
    cr_expect_eq(read_private("{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" X "\"}", &key),
                 ST_INVALID);
}

Test(jwk_dh, public_keys)
{
    cr_expect_eq(read_public("{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" X "\",\"kid\":\"1\"}"),
                 ST_OK);
    cr_expect_eq(
        read_public("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" PX "\",\"y\":\"" PY "\"}"), ST_OK);
    cr_expect_eq(
        read_public("{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" X "\",\"d\":\"" D "\"}"),
        ST_INVALID, "a private key is no public one");
    cr_expect_eq(
        read_public("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" PX "\",\"y\":\"" PX "\"}"),
        ST_INVALID);
    cr_expect_eq(read_public("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" PX "\"}"), ST_INVALID);
    cr_expect_eq(read_public("{\"kty\":\"OKP\",\"crv\":\"X25519\"}"), ST_INVALID);
    cr_expect_eq(read_public("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" X "\"}"),
                 ST_UNSUPPORTED);
    cr_expect_eq(read_public("{\"kty\":\"EC\",\"crv\":\"X25519\",\"x\":\"" X "\"}"),
                 ST_UNSUPPORTED);
    cr_expect_eq(read_public("{\"kty\":\"oct\",\"k\":\"" X "\"}"), ST_UNSUPPORTED);
}

Test(jwk_dh, round_trips)
{
    for (enum dh_curve curve = DH_P256; curve <= DH_X25519; curve++) {
        uint8_t text[JWK_DH_MAX];
        struct writer w = writer_over(text, sizeof text);
        struct dh_private key, read;
        struct dh_public public;
        cr_assert_eq(crypto_dh_generate(curve, crypto_system_random, NULL, &key), ST_OK);
        cr_assert_eq(jwk_dh_private_write(&key, &w), ST_OK);
        cr_assert_eq(jwk_dh_private_read(writer_slice(&w), &read), ST_OK);
        cr_assert_arr_eq(read.d, key.d, sizeof key.d);
        w.len = 0;
        struct json_writer j = json_writer_over(&w);
        jwk_dh_write(&j, NULL, &key.public);
        cr_assert_eq(jwk_dh_read(writer_slice(&w), &public), ST_OK);
        cr_assert_arr_eq(public.x, key.public.x, sizeof public.x);
        struct digest expected = crypto_sha256(writer_slice(&w)), got;
        got = jwk_dh_thumbprint(&key.public);
        cr_assert_arr_eq(got.bytes, expected.bytes, sizeof got.bytes);
    }
}
