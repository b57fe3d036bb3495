#include "device_token.h"
#include "msg_grant.h"

static enum status check(const struct device_token_claims *c)
{
    bool there = c->issuer.len && device_id_ok(c->audience) && grant_scope_ok(c->scope) &&
                 c->client_id.len && c->token_id.len && c->jwe.len;
    bool times = c->issued_at > 0 && c->issued_at < c->expires && c->not_before < c->expires;

    return there && times ? ST_OK : ST_INVALID;
}

static void write_claims(const struct device_token_claims *c, struct writer *w)
{
    struct json_writer j = json_writer_over(w);

    json_begin_object(&j, NULL);
    json_text(&j, "iss", c->issuer);
    json_text(&j, "aud", c->audience);
    json_text(&j, "scope", c->scope);
    json_text(&j, "client_id", c->client_id);
    json_text(&j, "jti", c->token_id);
    json_int(&j, "iat", c->issued_at);
    json_int(&j, "nbf", c->not_before);
    json_int(&j, "exp", c->expires);
    if (c->once)
        json_bool(&j, "once", true);
    json_begin_object(&j, "cnf");
    json_text(&j, "jwe", c->jwe);
    json_end_object(&j);
    json_end_object(&j);
}

enum status device_token_encode(const struct device_token_claims *c, enum jwt_alg alg,
                                const char *kid, jwt_signer_fn *sign, void *arg, struct writer *w)
{
    const struct jwt_header header = { .alg = alg, .typ = DEVICE_TOKEN_TYP, .kid = kid };
    uint8_t claims[DEVICE_TOKEN_MAX], token[DEVICE_TOKEN_MAX];
    struct writer json = writer_over(claims, sizeof claims);
    struct writer text = writer_over(token, sizeof token);
    enum status st = check(c);

    if (st)
        return st;
    write_claims(c, &json);
    if (json.full)
        return ST_TOO_LARGE;
    st = jwt_sign_with(&header, writer_slice(&json), sign, arg, &text);
    if (st)
        return st;
    writer_put(w, writer_slice(&text));
    return w->full ? ST_TOO_LARGE : ST_OK;
}
