#include "device_token.h"

#include "base64url.h"
#include "jwe.h"
#include "jwk_oct.h"

enum { JTI_BYTES = 16, CLAIMS_MAX = DEVICE_TOKEN_MAX };
#define DEVICE_TOKEN_TYP "at+jwt"

static enum status write_key(const struct device_token *t, struct writer *w)
{
    const struct device_key *to = &t->device->keys[0];
    const struct jwe_header header = { .kid = slice_of(to->kid), .cty = SLICE_LIT("jwk+json") };
    uint8_t text[JWK_OCT_MAX];
    struct writer jwk = writer_over(text, sizeof text);
    enum status st = jwk_oct_write(t->key, &jwk);

    if (!st)
        st =
            jwe_encrypt_to(&to->public, &header, writer_slice(&jwk), crypto_system_random, NULL, w);
    secret_wipe(text, sizeof text);
    return st;
}

static void write_claims(const struct device_token *t, struct slice jwe, struct writer *w)
{
    struct json_writer j = json_writer_over(w);
    uint8_t jti[JTI_BYTES];

    crypto_random(jti, sizeof jti);
    json_begin_object(&j, NULL);
    json_text(&j, "iss", t->issuer);
    json_text(&j, "aud", slice_of(t->device->id));
    json_text(&j, "scope", slice_of(t->terms->scope));
    json_int(&j, "iat", t->now);
    json_int(&j, "nbf", t->terms->not_before);
    json_int(&j, "exp", t->terms->expires);
    json_base64url(&j, "jti", (struct slice){ jti, sizeof jti });
    json_text(&j, "client_id", t->client_id);
    if (t->terms->once)
        json_bool(&j, "once", true);
    json_begin_object(&j, "cnf");
    json_text(&j, "jwe", jwe);
    json_end_object(&j);
    json_end_object(&j);
}

enum status device_token_mint(const struct device_token *t, struct client_key *signer,
                              struct writer *w)
{
    uint8_t jwe[JWE_MAX_LEN], text[CLAIMS_MAX];
    struct writer sealed = writer_over(jwe, sizeof jwe), claims = writer_over(text, sizeof text);
    const struct jwt_header header = { .alg = client_key_alg(signer),
                                       .typ = DEVICE_TOKEN_TYP,
                                       .kid = client_key_kid(signer) };
    enum status st = write_key(t, &sealed);

    if (st)
        return st;
    write_claims(t, writer_slice(&sealed), &claims);
    if (claims.full)
        return ST_TOO_LARGE;
    return jwt_sign_with(&header, writer_slice(&claims), client_key_sign, signer, w);
}
