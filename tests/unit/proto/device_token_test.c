#include "device_token.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base64url.h"

enum { NOW = 1790000000 };

struct token {
    char text[DEVICE_TOKEN_MAX + 64];
    size_t len;
};

static struct jwk_named verifier;
static struct private_key signer;

static void begin(enum key_type type)
{
    cr_assert_eq(crypto_key_generate(type, &signer), ST_OK);
    verifier = (struct jwk_named){ .key = signer.public, .kid = "k1" };
}

static struct device_token_claims sample(void)
{
    return (struct device_token_claims){ .issuer = SLICE_LIT("https://m.example"),
                                         .audience = SLICE_LIT("pump-7"),
                                         .scope = SLICE_LIT("readings:stream"),
                                         .client_id = SLICE_LIT("app"),
                                         .token_id = SLICE_LIT("jti"),
                                         .jwe = SLICE_LIT("a.b.c.d.e"),
                                         .issued_at = NOW,
                                         .not_before = NOW,
                                         .expires = NOW + 600 };
}

static struct device_token_rules rules(void)
{
    return (struct device_token_rules){ .keys = &verifier,
                                        .key_count = 1,
                                        .issuer = SLICE_LIT("https://m.example"),
                                        .audience = SLICE_LIT("pump-7"),
                                        .now = NOW,
                                        .now_is_exact = true,
                                        .skew = 60,
                                        .max_lifetime = 600 };
}

/* Any header and claims, signed by the signer. */
static struct token sign(const char *header, const char *claims)
{
    struct token t;
    uint8_t signature[SIGNATURE_LEN];
    struct writer w = writer_over(t.text, sizeof t.text);

    base64url_write(&w, slice_of(header));
    writer_byte(&w, '.');
    base64url_write(&w, slice_of(claims));
    cr_assert_eq(crypto_sign(&signer, writer_slice(&w), signature), ST_OK);
    writer_byte(&w, '.');
    base64url_write(&w, (struct slice){ signature, sizeof signature });
    cr_assert_not(w.full);
    t.len = w.len;
    return t;
}

static enum status verify(const struct token *t, const struct device_token_rules *r)
{
    uint8_t scratch[DEVICE_TOKEN_MAX];
    struct device_token_claims claims;

    return device_token_verify((struct slice){ (const uint8_t *)t->text, t->len }, r, scratch,
                               sizeof scratch, &claims);
}

Test(device_token, round_trip_with_both_algorithms)
{
    for (enum key_type type = KEY_P256; type <= KEY_ED25519; type++) {
        struct device_token_claims claims = sample(), read;
        struct device_token_rules r = rules();
        uint8_t text[DEVICE_TOKEN_MAX], scratch[DEVICE_TOKEN_MAX];
        struct writer w = writer_over(text, sizeof text);
        begin(type);
        claims.once = true;
        cr_assert_eq(device_token_encode(&claims, jwt_alg_of_key(type), "k1", jwt_sign_private_key,
                                         &signer, &w),
                     ST_OK);
        cr_assert_eq(device_token_verify(writer_slice(&w), &r, scratch, sizeof scratch, &read),
                     ST_OK);
        cr_expect(slice_equal(read.scope, claims.scope));
        cr_expect(slice_equal(read.client_id, claims.client_id));
        cr_expect(slice_equal(read.token_id, claims.token_id));
        cr_expect(slice_equal(read.jwe, claims.jwe));
        cr_expect_eq(read.expires, claims.expires);
        cr_expect(read.once);
        verifier.kid[1] = '2';
        cr_expect_eq(device_token_verify(writer_slice(&w), &r, scratch, sizeof scratch, &read),
                     ST_DENIED, "another kid");
        verifier.kid[0] = '\0';
        cr_expect_eq(device_token_verify(writer_slice(&w), &r, scratch, sizeof scratch, &read),
                     ST_OK, "a key without a kid is for all");
    }
}

#define HEADER "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"k1\"}"
#define CLAIMS(more)                                                                               \
    "{\"iss\":\"https://"                                                                          \
    "m.example\",\"aud\":\"pump-7\",\"scope\":\"a\",\"client_id\":\"c\",\"jti\":"                  \
    "\"j\"," more "\"cnf\":{\"jwe\":\"a.b.c.d.e\"}}"
#define TIMES "\"iat\":1790000000,\"exp\":1790000600,"

Test(device_token, headers)
{
    static const struct {
        const char *header;
        enum status st;
    } cases[] = {
        { HEADER, ST_OK },
        { "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"k2\"}", ST_DENIED },
        { "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\"}", ST_DENIED },
        { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"k1\"}", ST_DENIED },
        { "{\"alg\":\"none\",\"typ\":\"at+jwt\",\"kid\":\"k1\"}", ST_UNSUPPORTED },
        { "{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"k1\"}", ST_UNSUPPORTED },
        { "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"k1\"}", ST_UNSUPPORTED },
        { "{\"alg\":\"EdDSA\",\"kid\":\"k1\"}", ST_INVALID },
        { "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"k1\",\"crit\":[\"a\"]}", ST_INVALID },
        { "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"k1\",\"jwk\":{}}", ST_INVALID },
        { "{\"alg\":\"EdDSA\",\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"k1\"}", ST_INVALID },
    };
    struct device_token_rules r = rules();

    begin(KEY_ED25519);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct token t = sign(cases[i].header, CLAIMS(TIMES));
        cr_expect_eq(verify(&t, &r), cases[i].st, "%s", cases[i].header);
    }
}

Test(device_token, claims)
{
    static const struct {
        const char *claims;
        enum status st;
    } cases[] = {
        { CLAIMS(TIMES), ST_OK },
        { CLAIMS(TIMES "\"new\":[{}],"), ST_OK }, /* of a later mediator */
        { CLAIMS(TIMES "\"nbf\":1790000060,"), ST_OK },
        { CLAIMS(TIMES "\"nbf\":1790000061,"), ST_EXPIRED },
        { CLAIMS("\"iat\":1790000060,\"exp\":1790000600,"), ST_OK },
        { CLAIMS("\"iat\":1790000061,\"exp\":1790000600,"), ST_EXPIRED },
        { CLAIMS("\"iat\":1789999401,\"exp\":1790000001,"), ST_OK },
        { CLAIMS("\"iat\":1789999400,\"exp\":1790000000,"), ST_EXPIRED },
        { CLAIMS("\"iat\":1790000000,\"exp\":1790000601,"), ST_INVALID }, /* lives too long */
        { CLAIMS("\"iat\":1790000000,\"exp\":1790000000,"), ST_INVALID },
        { CLAIMS("\"iat\":0,\"exp\":1790000000,"), ST_INVALID },
        { CLAIMS("\"iat\":1790000000,"), ST_INVALID },
        { CLAIMS("\"exp\":1790000600,"), ST_INVALID },
        { CLAIMS("\"iat\":\"1790000000\",\"exp\":1790000600,"), ST_INVALID },
        { CLAIMS("\"iat\":1790000000.5,\"exp\":1790000600,"), ST_INVALID },
        { CLAIMS(TIMES "\"exp\":1790000600,"), ST_INVALID },
        { CLAIMS(TIMES "\"once\":\"true\","), ST_INVALID },
        { "{\"iss\":\"https://o.example\",\"aud\":\"pump-7\",\"scope\":\"a\",\"client_id\":\"c\","
          "\"jti\":\"j\"," TIMES "\"cnf\":{\"jwe\":\"x\"}}",
          ST_NOT_FOUND },
        { "{\"iss\":\"https://m.example\",\"aud\":\"pump-8\",\"scope\":\"a\",\"client_id\":\"c\","
          "\"jti\":\"j\"," TIMES "\"cnf\":{\"jwe\":\"x\"}}",
          ST_NOT_FOUND },
        { "{\"iss\":\"https://m.example\",\"aud\":[\"pump-7\"],\"scope\":\"a\",\"client_id\":\"c\","
          "\"jti\":\"j\"," TIMES "\"cnf\":{\"jwe\":\"x\"}}",
          ST_INVALID },
        { "{\"iss\":\"https://m.example\",\"aud\":\"pump-7\",\"scope\":\"a  "
          "b\",\"client_id\":\"c\","
          "\"jti\":\"j\"," TIMES "\"cnf\":{\"jwe\":\"x\"}}",
          ST_INVALID },
        { "{\"iss\":\"https://m.example\",\"aud\":\"pump-7\",\"scope\":\"a\",\"client_id\":\"c\","
          "\"jti\":\"j\"," TIMES "\"cnf\":{\"jwk\":\"x\"}}",
          ST_INVALID },
        { "{\"iss\":\"https://m.example\",\"aud\":\"pump-7\",\"scope\":\"a\",\"client_id\":\"c\","
          "\"jti\":\"j\"," TIMES "\"cnf\":{\"jwe\":\"x\",\"jwe\":\"x\"}}",
          ST_INVALID },
    };
    struct device_token_rules r = rules();

    begin(KEY_ED25519);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct token t = sign(HEADER, cases[i].claims);
        cr_expect_eq(verify(&t, &r), cases[i].st, "%s", cases[i].claims);
    }
}

Test(device_token, without_a_clock_the_token_itself_moves_the_time)
{
    struct device_token_rules r = rules();

    begin(KEY_ED25519);
    r.now = 0;
    r.now_is_exact = false;
    struct token t = sign(HEADER, CLAIMS(TIMES));
    cr_expect_eq(verify(&t, &r), ST_OK);
    t = sign(HEADER, CLAIMS(TIMES "\"nbf\":1790000001,"));
    cr_expect_eq(verify(&t, &r), ST_EXPIRED, "nobody knows that this has begun");
    t = sign(HEADER, CLAIMS(TIMES));
    r.now = NOW + 599;
    cr_expect_eq(verify(&t, &r), ST_OK);
    r.now = NOW + 600;
    cr_expect_eq(verify(&t, &r), ST_EXPIRED);
}

Test(device_token, the_signature_comes_before_the_claims)
{
    struct device_token_rules r = rules();

    begin(KEY_ED25519);
    struct token t = sign(HEADER, "not even JSON");
    cr_expect_eq(verify(&t, &r), ST_INVALID);
    t.text[t.len - 4] = t.text[t.len - 4] == 'A' ? 'B' : 'A';
    cr_expect_eq(verify(&t, &r), ST_DENIED);
}

Test(device_token, every_flipped_bit_and_every_cut)
{
    struct device_token_rules r = rules();

    begin(KEY_ED25519);
    struct token t = sign(HEADER, CLAIMS(TIMES));
    for (size_t bit = 0; bit < 8 * t.len; bit++) {
        t.text[bit / 8] ^= (char)(1 << bit % 8);
        cr_assert_neq(verify(&t, &r), ST_OK, "%zu", bit);
        t.text[bit / 8] ^= (char)(1 << bit % 8);
    }
    const size_t len = t.len;
    for (t.len = 0; t.len < len; t.len++)
        cr_assert_neq(verify(&t, &r), ST_OK, "%zu", t.len);
    cr_assert_eq(verify(&t, &r), ST_OK);
}

Test(device_token, what_cannot_be_minted)
{
    struct device_token_claims claims = sample();
    uint8_t text[DEVICE_TOKEN_MAX];
    struct writer w = writer_over(text, sizeof text);
    static uint8_t jwe[DEVICE_TOKEN_MAX];

    begin(KEY_ED25519);
    memset(jwe, 'a', sizeof jwe);
    claims.expires = claims.issued_at;
    cr_expect_eq(device_token_encode(&claims, JWT_EDDSA, "k1", jwt_sign_private_key, &signer, &w),
                 ST_INVALID);
    claims = sample();
    claims.scope = SLICE_LIT("a\"b");
    cr_expect_eq(device_token_encode(&claims, JWT_EDDSA, "k1", jwt_sign_private_key, &signer, &w),
                 ST_INVALID);
    claims = sample();
    claims.jwe = (struct slice){ jwe, sizeof jwe };
    cr_expect_eq(device_token_encode(&claims, JWT_EDDSA, "k1", jwt_sign_private_key, &signer, &w),
                 ST_TOO_LARGE);
    cr_expect_eq(w.len, 0);
}
