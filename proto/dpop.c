#include "dpop.h"

#include "url.h"

static enum status read_token_hash(const cJSON *claims, struct dpop_claims *out)
{
    enum status st = json_get_bytes(claims, "ath", out->token_hash.bytes, SHA256_LEN);

    out->has_token_hash = st == ST_OK;
    return st == ST_NOT_FOUND ? ST_OK : st;
}

enum status dpop_decode(const struct jwt *token, struct dpop_claims *out)
{
    const cJSON *claims = token->claims;

    *out = (struct dpop_claims){ .issued_at = token->iat };
    if (json_get_text(claims, "htm", DPOP_METHOD_MAX, &out->method) ||
        json_get_text(claims, "htu", DPOP_URL_MAX, &out->url) ||
        json_get_text(claims, "jti", DPOP_JTI_MAX, &out->token_id) ||
        json_get_optional_text(claims, "nonce", DPOP_NONCE_MAX, &out->nonce))
        return ST_INVALID;
    return read_token_hash(claims, out) ? ST_INVALID : ST_OK;
}

static enum status read_without_fragment(struct slice text, struct url *out)
{
    return url_read(slice_cut(&text, '#'), out);
}

bool dpop_url_matches(struct slice htu, struct slice url)
{
    struct url a, b;

    if (read_without_fragment(htu, &a) || read_without_fragment(url, &b))
        return false;
    return a.tls == b.tls && a.port == b.port && slice_equal_nocase(a.host, b.host) &&
           slice_equal(a.path, b.path);
}
