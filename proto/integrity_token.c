#include "integrity_token.h"

#include "jwk.h"
#include "msg_challenge.h"

enum { ISSUER_MAX = 256, JTI_MAX = 64, SOFTWARE_MAX = 64, STATUS_MAX = 32 };

enum status integrity_claims_encode(const struct integrity_claims *c, struct writer *w)
{
    struct json_writer j = json_writer_over(w);

    json_begin_object(&j, NULL);
    json_text(&j, "iss", c->issuer);
    json_text(&j, "sub", c->client_id);
    json_int(&j, "iat", c->issued_at);
    json_int(&j, "exp", c->expires_at);
    json_text(&j, "jti", c->token_id);
    json_begin_object(&j, "cnf"); /* RFC 7800 §3.2 */
    jwk_write(&j, "jwk", &c->instance_key);
    json_end_object(&j);
    if (c->software_name.len)
        json_text(&j, "swname", c->software_name);
    if (c->software_version.len)
        json_text(&j, "swversion", c->software_version);
    json_number(&j, "coverage", c->coverage, COVERAGE_DECIMALS);
    json_int(&j, "streak", c->streak);
    json_text(&j, "ear_status", c->ear_status);
    json_end_object(&j);
    return w->full ? ST_TOO_LARGE : ST_OK;
}

static enum status read_instance_key(const cJSON *claims, struct public_key *out)
{
    const cJSON *cnf, *jwk;

    if (json_get_object(claims, "cnf", &cnf) || json_get_object(cnf, "jwk", &jwk))
        return ST_INVALID;
    return jwk_read_vouched(jwk, out);
}

enum status integrity_claims_decode(const struct jwt *token, struct integrity_claims *out)
{
    const cJSON *claims = token->claims;

    *out = (struct integrity_claims){ .issued_at = token->iat, .expires_at = token->exp };
    if (json_get_text(claims, "iss", ISSUER_MAX, &out->issuer) ||
        json_get_text(claims, "sub", CLIENT_ID_MAX, &out->client_id) ||
        json_get_text(claims, "jti", JTI_MAX, &out->token_id) ||
        json_get_text(claims, "ear_status", STATUS_MAX, &out->ear_status) ||
        json_get_number(claims, "coverage", 0, 1, &out->coverage) ||
        json_get_int(claims, "streak", 1, INT32_MAX, &out->streak) ||
        json_get_optional_text(claims, "swname", SOFTWARE_MAX, &out->software_name) ||
        json_get_optional_text(claims, "swversion", SOFTWARE_MAX, &out->software_version))
        return ST_INVALID;
    enum status st = read_instance_key(claims, &out->instance_key);
    return st && st != ST_NO_MEMORY ? ST_INVALID : st;
}
