#include "pop.h"

enum { CLAIMS_MAX = 768, AUDIENCE_MAX = 256, CLIENT_MAX = 128 };

static enum status encode_claims(const struct pop_claims *c, struct writer *w)
{
    struct json_writer j = json_writer_over(w);

    json_begin_object(&j, NULL);
    json_text(&j, "aud", c->audience);
    json_text(&j, "jti", c->token_id);
    json_int(&j, "iat", c->issued_at);
    if (c->challenge.len)
        json_text(&j, "challenge", c->challenge);
    if (c->client_id.len)
        json_text(&j, "iss", c->client_id);
    json_end_object(&j);
    return w->full ? ST_TOO_LARGE : ST_OK;
}

enum status pop_encode(const struct pop_claims *c, enum jwt_alg alg, jwt_signer_fn *sign, void *arg,
                       struct writer *w)
{
    struct jwt_header header = { .alg = alg, .typ = POP_TYP };
    uint8_t text[CLAIMS_MAX];
    struct writer claims = writer_over(text, sizeof text);
    enum status st = encode_claims(c, &claims);

    return st ? st : jwt_sign_with(&header, writer_slice(&claims), sign, arg, w);
}

enum status pop_decode(const struct jwt *token, struct pop_claims *out)
{
    const cJSON *claims = token->claims;

    *out = (struct pop_claims){ .issued_at = token->iat };
    if (json_get_text(claims, "aud", AUDIENCE_MAX, &out->audience) ||
        json_get_text(claims, "jti", POP_JTI_MAX, &out->token_id) ||
        json_get_optional_text(claims, "challenge", POP_CHALLENGE_MAX, &out->challenge) ||
        json_get_optional_text(claims, "iss", CLIENT_MAX, &out->client_id))
        return ST_INVALID;
    return ST_OK;
}
