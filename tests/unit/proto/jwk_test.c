#include "jwk.h"

#include <criterion/criterion.h>

#include "base64url.h"

static cJSON *parse(const char *text)
{
    cJSON *json;

    cr_assert_eq(json_parse_object(slice_of(text), &JSON_TOKEN_LIMITS, &json), ST_OK, "%s", text);
    return json;
}

static enum status read_text(const char *text, struct public_key *out)
{
    cJSON *json = parse(text);
    enum status st = jwk_read(json, out);

    cJSON_Delete(json);
    return st;
}

#define X  "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"
#define Y  "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"
#define ED "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"

Test(jwk, refuses)
{
    static const struct {
        const char *text;
        enum status st;
    } bad[] = {
        { "{}", ST_INVALID },
        { "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}", ST_UNSUPPORTED },
        { "{\"kty\":\"oct\",\"k\":\"AQAB\"}", ST_UNSUPPORTED },
        { "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" X "\",\"y\":\"" Y "\"}", ST_UNSUPPORTED },
        { "{\"kty\":\"EC\",\"crv\":\"Ed25519\",\"x\":\"" ED "\"}", ST_UNSUPPORTED },
        { "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" ED "\"}", ST_UNSUPPORTED },
        { "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\"}", ST_INVALID },
        { "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" Y "\",\"y\":\"" X "\"}", ST_INVALID },
        { "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "=\",\"y\":\"" Y "\"}", ST_INVALID },
        { "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"" Y "\"}", ST_INVALID },
        { "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":7,\"y\":\"" Y "\"}", ST_INVALID },
        { "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y "\",\"d\":\"" X "\"}",
          ST_INVALID },
        { "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
          "\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
          ST_INVALID },
    };
    struct public_key key;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(read_text(bad[i].text, &key), bad[i].st, "%s", bad[i].text);
}

static void check_thumbprint(const char *text, const char *expected)
{
    struct public_key key;
    char got[44];

    cr_assert_eq(read_text(text, &key), ST_OK);
    struct digest jkt = jwk_thumbprint(&key);
    base64url_encode(got, (struct slice){ jkt.bytes, sizeof jkt.bytes });
    cr_assert_str_eq(got, expected);
}

Test(jwk, thumbprints)
{
    /* RFC 8037 A.3 */
    check_thumbprint("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED "\",\"use\":\"sig\"}",
                     "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    /* The P-256 key of RFC 7517 A.1; thumbprint computed with an independent program. */
    check_thumbprint("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y "\"}",
                     "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s");
}

Test(jwk, what_is_written_is_read)
{
    static const enum key_type types[] = { KEY_P256, KEY_ED25519 };

    for (size_t i = 0; i < 2; i++) {
        uint8_t text[256];
        struct writer w = writer_over(text, sizeof text - 1);
        struct json_writer j = json_writer_over(&w);
        struct private_key key;
        struct public_key back;
        cr_assert_eq(crypto_key_generate(types[i], &key), ST_OK);
        jwk_write(&j, NULL, &key.public);
        text[w.len] = '\0';
        cr_assert_eq(read_text((char *)text, &back), ST_OK);
        cr_assert_eq(back.type, types[i]);
        cr_assert_arr_eq(back.x, key.public.x, 32);
        if (types[i] == KEY_P256)
            cr_assert_arr_eq(back.y, key.public.y, 32);
    }
}
