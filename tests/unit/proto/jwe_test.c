#include "jwe.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base64url.h"
#include "jwk_dh.h"
#include "vectors.h"

static const struct jwe_header plain_header;

static struct dh_private key_of(enum dh_curve curve)
{
    struct dh_private key;

    cr_assert_eq(crypto_dh_generate(curve, crypto_system_random, NULL, &key), ST_OK);
    return key;
}

struct token {
    char text[JWE_MAX_LEN + 64];
    size_t len;
};

static struct slice slice_of_token(const struct token *t)
{
    return (struct slice){ (const uint8_t *)t->text, t->len };
}

static struct token encrypt_to(const struct dh_public *to, const struct jwe_header *header,
                               struct slice plain)
{
    struct token t;
    struct writer w = writer_over(t.text, sizeof t.text);

    cr_assert_eq(jwe_encrypt_to(to, header, plain, crypto_system_random, NULL, &w), ST_OK);
    t.len = w.len;
    return t;
}

static enum status decrypt(const struct dh_private *key, const struct jwe_header *expected,
                           struct slice token, const char *plain)
{
    uint8_t out[JWE_PLAIN_MAX + AEAD_TAG_LEN];
    size_t len;
    enum status st = jwe_decrypt_with(key, expected, token, out, sizeof out, &len);

    if (!st)
        cr_assert(slice_is((struct slice){ out, len }, plain));
    else
        cr_assert_eq(len, 0);
    return st;
}

Test(jwe, for_one_key_and_no_other)
{
    for (enum dh_curve curve = DH_P256; curve <= DH_X25519; curve++) {
        struct dh_private own = key_of(curve), other = key_of(curve);
        struct dh_private foreign = key_of(curve == DH_P256 ? DH_X25519 : DH_P256);
        struct token t = encrypt_to(&own.public, &plain_header, SLICE_LIT("the key"));
        cr_expect_eq(decrypt(&own, &plain_header, slice_of_token(&t), "the key"), ST_OK);
        cr_expect_eq(decrypt(&other, &plain_header, slice_of_token(&t), ""), ST_DENIED);
        cr_expect_eq(decrypt(&foreign, &plain_header, slice_of_token(&t), ""), ST_UNSUPPORTED);
    }
}

Test(jwe, every_flipped_bit_is_refused)
{
    for (enum dh_curve curve = DH_P256; curve <= DH_X25519; curve++) {
        struct dh_private key = key_of(curve);
        struct token t = encrypt_to(&key.public, &plain_header, SLICE_LIT("the key"));
        for (size_t bit = 0; bit < 8 * t.len; bit++) {
            t.text[bit / 8] ^= (char)(1 << bit % 8);
            cr_assert_neq(decrypt(&key, &plain_header, slice_of_token(&t), ""), ST_OK, "%zu", bit);
            t.text[bit / 8] ^= (char)(1 << bit % 8);
        }
        for (size_t len = 0; len < t.len; len++)
            cr_assert_neq(
                decrypt(&key, &plain_header, (struct slice){ (uint8_t *)t.text, len }, ""), ST_OK);
        cr_expect_eq(decrypt(&key, &plain_header, slice_of_token(&t), "the key"), ST_OK);
    }
}

Test(jwe, header_members_come_through)
{
    static const struct jwe_header full = {
        .kid = { (const uint8_t *)"key-1", 5 },
        .cty = { (const uint8_t *)"jwk+json", 8 },
        .apu = { (const uint8_t *)"mediator", 8 },
        .apv = { (const uint8_t *)"pump", 4 },
    };
    struct jwe_header expected = full;
    struct dh_private key = key_of(DH_X25519);
    struct token t = encrypt_to(&key.public, &full, SLICE_LIT("x"));
    char kid[JWE_KID_MAX + 1];

    cr_expect_eq(decrypt(&key, &full, slice_of_token(&t), "x"), ST_OK);
    expected.kid = expected.apu = expected.apv = (struct slice){ 0 };
    cr_expect_eq(decrypt(&key, &expected, slice_of_token(&t), "x"), ST_OK, "what is not asked");
    expected.cty = (struct slice){ 0 };
    cr_expect_eq(decrypt(&key, &expected, slice_of_token(&t), "x"), ST_UNSUPPORTED);
    expected = full;
    expected.kid = SLICE_LIT("key-2");
    cr_expect_eq(decrypt(&key, &expected, slice_of_token(&t), "x"), ST_NOT_FOUND);
    expected = full;
    expected.apv = SLICE_LIT("lock");
    cr_expect_eq(decrypt(&key, &expected, slice_of_token(&t), "x"), ST_DENIED);
    cr_expect_eq(jwe_peek_kid(slice_of_token(&t), kid), ST_OK);
    cr_expect_str_eq(kid, "key-1");
}

/* A token whose header is `json`, otherwise as it was made for the key. */
static struct token with_header(const struct token *t, const char *json)
{
    struct token out;
    struct slice rest = slice_of_token(t);
    struct writer w = writer_over(out.text, sizeof out.text);

    (void)slice_cut(&rest, '.');
    base64url_write(&w, slice_of(json));
    writer_byte(&w, '.');
    writer_put(&w, rest);
    cr_assert_not(w.full);
    out.len = w.len;
    return out;
}

static struct dh_private rfc_8037_key(void)
{
    static const char bob[] = "{\"kty\":\"OKP\",\"crv\":\"X25519\","
                              "\"x\":\"3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08\","
                              "\"d\":\"XasIfmJKikt54X-Lg4AO5m87sSkmGLb9HC-LJ_-I4Os\"}";
    struct dh_private key;

    cr_assert_eq(jwk_dh_private_read(slice_of(bob), &key), ST_OK);
    return key;
}

#define EPK                                                                                        \
    "\"epk\":{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"hSDwCYkwp1R0i33ctD73Wg2_"                 \
    "Og0mOBr066SpjqqbTm"                                                                           \
    "o\"}"
#define START "{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\","

Test(jwe, headers_that_are_refused_before_any_key_is_used)
{
    static const struct {
        const char *json;
        enum status st;
    } cases[] = {
        { START EPK "}", ST_DENIED }, /* the positive control: it comes to the key */
        { START EPK ",\"kid\":\"x\"}", ST_DENIED },
        { START EPK ",\"apu\":\"QQ\",\"apv\":\"Qg\"}", ST_DENIED },
        { START EPK ",\"crit\":[\"exp\"],\"exp\":1}", ST_INVALID },
        { START EPK ",\"crit\":[]}", ST_INVALID },
        { START EPK ",\"typ\":\"JWE\"}", ST_INVALID },
        { START EPK ",\"jku\":\"https://a\"}", ST_INVALID },
        { START EPK ",\"p2c\":1}", ST_INVALID },
        { START EPK ",\"zip\":\"DEF\"}", ST_UNSUPPORTED },
        { START EPK ",\"cty\":\"other\"}", ST_UNSUPPORTED },
        { START EPK ",\"kid\":1}", ST_INVALID },
        { START EPK ",\"kid\":\"\"}", ST_INVALID },
        { START EPK ",\"kid\":\"a\\u0062\"}", ST_INVALID },
        { START EPK ",\"apu\":\"QR\"}", ST_INVALID }, /* not canonical */
        { START EPK ",\"apu\":\"QQ==\"}", ST_INVALID },
        { START EPK ",\"alg\":\"ECDH-ES+A256KW\"}", ST_INVALID }, /* twice */
        { START EPK "," EPK "}", ST_INVALID },
        { START "\"epk\":\"x\"}", ST_INVALID },
        { START "\"kid\":\"x\"}", ST_INVALID }, /* no epk */
        { START "\"epk\":{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AA\"}}", ST_INVALID },
        { START "\"epk\":{\"kty\":\"OKP\",\"crv\":\"X448\",\"x\":\"AA\"}}", ST_UNSUPPORTED },
        { START "\"epk\":{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"hSDwCYkwp1R0i33ctD73Wg2_"
                "Og0mOBr066SpjqqbTmo\",\"d\":\"hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo\"}}",
          ST_INVALID },
        { START "\"epk\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"hSDwCYkwp1R0i33ctD73Wg2_"
                "Og0mOBr066SpjqqbTmo\",\"y\":\"hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo\"}}",
          ST_INVALID }, /* off the curve */
        { "{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\"," EPK "}", ST_UNSUPPORTED },
        { "{\"alg\":\"dir\",\"enc\":\"A256GCM\"," EPK "}", ST_UNSUPPORTED },
        { "{\"alg\":\"ecdh-es+a256kw\",\"enc\":\"A256GCM\"," EPK "}", ST_UNSUPPORTED },
        { "{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A128GCM\"," EPK "}", ST_UNSUPPORTED },
        { "{\"alg\":\"ECDH-ES+A256KW\"," EPK "}", ST_INVALID },
        { "{\"enc\":\"A256GCM\"," EPK "}", ST_INVALID },
        { "{}", ST_INVALID },
        { "[]", ST_INVALID },
        { "", ST_INVALID },
    };
    struct dh_private own = key_of(DH_X25519), key = rfc_8037_key();
    struct token t = encrypt_to(&own.public, &plain_header, SLICE_LIT("x"));

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct token bad = with_header(&t, cases[i].json);
        cr_expect_eq(decrypt(&key, &plain_header, slice_of_token(&bad), ""), cases[i].st, "%s",
                     cases[i].json);
    }
}

Test(jwe, dir)
{
    static const uint8_t key[AEAD_KEY_LEN] = { 1 }, other[AEAD_KEY_LEN] = { 2 };
    static const struct jwe_header header = { .kid = { (const uint8_t *)"k", 1 } };
    uint8_t out[JWE_PLAIN_MAX + AEAD_TAG_LEN];
    struct token t, bad;
    struct writer w = writer_over(t.text, sizeof t.text);
    size_t len;

    cr_assert_eq(jwe_encrypt_dir(key, &header, SLICE_LIT("x"), crypto_system_random, NULL, &w),
                 ST_OK);
    t.len = w.len;
    cr_expect_eq(jwe_decrypt_dir(key, &header, slice_of_token(&t), out, sizeof out, &len), ST_OK);
    cr_expect(slice_is((struct slice){ out, len }, "x"));
    cr_expect_eq(jwe_decrypt_dir(other, &header, slice_of_token(&t), out, sizeof out, &len),
                 ST_DENIED);
    bad = with_header(&t, "{\"alg\":\"dir\",\"enc\":\"A256GCM\"," EPK "}");
    cr_expect_eq(jwe_decrypt_dir(key, &plain_header, slice_of_token(&bad), out, sizeof out, &len),
                 ST_INVALID);
    bad = with_header(&t, START EPK "}");
    cr_expect_eq(jwe_decrypt_dir(key, &plain_header, slice_of_token(&bad), out, sizeof out, &len),
                 ST_UNSUPPORTED);
    char *dots = strstr(t.text, "..");
    memmove(dots + 3, dots + 1, t.len - (size_t)(dots + 1 - t.text));
    memcpy(dots + 1, "AA", 2);
    t.len += 2;
    cr_expect_eq(jwe_decrypt_dir(key, &header, slice_of_token(&t), out, sizeof out, &len),
                 ST_INVALID, "an encrypted key where there is none");
}

Test(jwe, limits_from_both_sides)
{
    static uint8_t plain[JWE_PLAIN_MAX + 1];
    static const uint8_t long_party[JWE_PARTY_MAX + 1];
    struct dh_private key = key_of(DH_X25519);
    struct jwe_header header = { .apu = { long_party, JWE_PARTY_MAX } };
    struct token t = encrypt_to(&key.public, &header, (struct slice){ plain, JWE_PLAIN_MAX });
    uint8_t out[JWE_PLAIN_MAX + AEAD_TAG_LEN];
    struct writer w = writer_over(t.text, sizeof t.text);
    size_t len;

    cr_assert_eq(jwe_decrypt_with(&key, &plain_header, slice_of_token(&t), out, sizeof out, &len),
                 ST_OK);
    cr_assert_eq(len, JWE_PLAIN_MAX);
    cr_assert_eq(
        jwe_decrypt_with(&key, &plain_header, slice_of_token(&t), out, sizeof out - 1, &len),
        ST_TOO_LARGE);
    t.len = JWE_MAX_LEN + 1;
    cr_assert_eq(jwe_decrypt_with(&key, &plain_header, slice_of_token(&t), out, sizeof out, &len),
                 ST_TOO_LARGE);
    cr_assert_eq(jwe_encrypt_to(&key.public, &plain_header, (struct slice){ plain, sizeof plain },
                                crypto_system_random, NULL, &w),
                 ST_TOO_LARGE);
    header.apu.len++;
    cr_assert_eq(
        jwe_encrypt_to(&key.public, &header, SLICE_LIT("x"), crypto_system_random, NULL, &w),
        ST_TOO_LARGE);
    w = writer_over(t.text, 100);
    cr_assert_eq(
        jwe_encrypt_to(&key.public, &plain_header, SLICE_LIT("x"), crypto_system_random, NULL, &w),
        ST_TOO_LARGE);
}

Test(jwe, a_recipient_of_small_order)
{
    struct dh_public zero = { .curve = DH_X25519 };
    struct token t;
    struct writer w = writer_over(t.text, sizeof t.text);

    cr_assert_eq(
        jwe_encrypt_to(&zero, &plain_header, SLICE_LIT("x"), crypto_system_random, NULL, &w),
        ST_INVALID);
}

/* What the group's key is for us; NULL members where it is none of ours. */
struct vector_key {
    bool has_dh, has_oct;
    struct dh_private dh;
    uint8_t oct[AEAD_KEY_LEN];
};

static struct vector_key read_key(const cJSON *private)
{
    struct vector_key key = { 0 };
    char *text = cJSON_PrintUnformatted(private);
    const cJSON *k = cJSON_GetObjectItem(private, "k");

    key.has_dh = jwk_dh_private_read(slice_of(text), &key.dh) == ST_OK;
    if (cJSON_IsString(k))
        key.has_oct = base64url_decode_exact(slice_of(k->valuestring), key.oct, 32) == ST_OK;
    cJSON_free(text);
    return key;
}

/* Whether the token's header says what we take: then it must be judged as the vector says. */
static bool is_ours(const char *jwe)
{
    uint8_t header[2048];
    size_t len = strcspn(jwe, "."), n = 0;

    if (base64url_decode((struct slice){ (const uint8_t *)jwe, len }, header, sizeof header - 1,
                         &n))
        return false;
    header[n] = '\0';
    return strstr((char *)header, "\"A256GCM\"") &&
           (strstr((char *)header, "\"ECDH-ES+A256KW\"") || strstr((char *)header, "\"dir\""));
}

static bool opens(const struct vector_key *key, const cJSON *test)
{
    uint8_t out[JWE_PLAIN_MAX + AEAD_TAG_LEN], expected[JWE_PLAIN_MAX];
    struct slice token = slice_of(vectors_text(test, "jwe"));
    enum status st = ST_NOT_FOUND;
    size_t len = 0;

    if (key->has_dh)
        st = jwe_decrypt_with(&key->dh, &plain_header, token, out, sizeof out, &len);
    if (key->has_oct && st)
        st = jwe_decrypt_dir(key->oct, &plain_header, token, out, sizeof out, &len);
    if (!st) {
        cr_assert_eq(vectors_hex(test, "pt", expected, sizeof expected), len);
        cr_assert_arr_eq(out, expected, len);
    }
    return st == ST_OK;
}

Test(jwe, wycheproof)
{
    cJSON *json = vectors_open("wycheproof/json_web_encryption_test.json");
    const cJSON *group, *test;
    unsigned opened = 0, refused = 0, not_ours = 0;

    cJSON_ArrayForEach(group, cJSON_GetObjectItem(json, "testGroups"))
    {
        struct vector_key key = read_key(cJSON_GetObjectItem(group, "private"));
        cJSON_ArrayForEach(test, cJSON_GetObjectItem(group, "tests"))
        {
            if (!cJSON_IsString(cJSON_GetObjectItem(test, "jwe")))
                continue;
            bool valid = strcmp(vectors_text(test, "result"), "valid") == 0;
            bool ours = is_ours(vectors_text(test, "jwe"));
            bool good = opens(&key, test);
            cr_assert_eq(good, valid && ours, "tcId %d",
                         cJSON_GetObjectItem(test, "tcId")->valueint);
            opened += good;
            refused += !valid;
            not_ours += valid && !ours;
        }
    }
    cr_log_info("wycheproof JWE: %u opened, %u bad ones refused, %u of other algorithms refused",
                opened, refused, not_ours);
    cr_assert_eq(opened, 1, "tcId 66 is the only one of ECDH-ES+A256KW with A256GCM");
    cr_assert_gt(refused, 60);
    cr_assert_gt(not_ours, 50);
    cJSON_Delete(json);
}

/* RFC 7520 §5.6 is dir with A128GCM: not ours, so it must be refused, whatever the key. */
Test(jwe, cookbook_dir_with_another_enc_is_refused)
{
    cJSON *json = vectors_open("jose/rfc7520_5_6_dir_a128gcm.json");
    static const uint8_t key[AEAD_KEY_LEN];
    uint8_t out[JWE_PLAIN_MAX + AEAD_TAG_LEN];
    const char *text = vectors_text(cJSON_GetObjectItem(json, "output"), "compact");
    size_t len;

    cr_assert_eq(jwe_decrypt_dir(key, &plain_header, slice_of(text), out, sizeof out, &len),
                 ST_UNSUPPORTED);
    cJSON_Delete(json);
}
