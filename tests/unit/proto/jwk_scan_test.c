#include "jwk_scan.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "jwk.h"

Test(jwk_scan, reads_what_jwk_writes)
{
    for (enum key_type type = KEY_P256; type <= KEY_ED25519; type++) {
        uint8_t text[256];
        struct writer w = writer_over(text, sizeof text);
        struct json_writer j = json_writer_over(&w);
        struct private_key key;
        struct jwk_named read;
        cr_assert_eq(crypto_key_generate(type, &key), ST_OK);
        json_begin_object(&j, NULL);
        jwk_write_members(&j, &key.public);
        json_text(&j, "kid", SLICE_LIT("k1"));
        json_end_object(&j);
        cr_assert_eq(jwk_scan(writer_slice(&w), &read), ST_OK);
        cr_assert_eq(read.key.type, type);
        cr_assert_arr_eq(read.key.x, key.public.x, sizeof read.key.x);
        cr_assert_str_eq(read.kid, "k1");
    }
}

#define ED "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"

static enum status scan(const char *text)
{
    struct jwk_named key;

    return jwk_scan(slice_of(text), &key);
}

Test(jwk_scan, refuses)
{
    cr_expect_eq(scan("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED "\"}"), ST_OK);
    cr_expect_eq(scan("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED "\",\"d\":\"" ED "\"}"),
                 ST_INVALID);
    cr_expect_eq(scan("{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}"), ST_INVALID);
    cr_expect_eq(scan("{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" ED "\"}"), ST_UNSUPPORTED);
    cr_expect_eq(scan("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" ED "\",\"y\":\"" ED "\"}"),
                 ST_INVALID);
    cr_expect_eq(scan("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED "\",\"x\":\"" ED "\"}"),
                 ST_INVALID);
}

Test(jwk_scan, a_kid_from_both_sides)
{
    char text[256];

    for (int len = JWK_SCAN_KID_MAX; len <= JWK_SCAN_KID_MAX + 1; len++) {
        snprintf(text, sizeof text,
                 "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED "\",\"kid\":\"%0*d\"}", len, 0);
        cr_expect_eq(scan(text), len == JWK_SCAN_KID_MAX ? ST_OK : ST_INVALID);
    }
}
