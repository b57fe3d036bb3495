#include "jwt_verify.h"

#include <string.h>

#include "base64url.h"
#include "jwk.h"
#include "secret.h"

enum { TYP_MAX = 64 };
static const int64_t TIME_MAX = 253402300799; /* the end of year 9999 */

static const struct {
    const char *name;
    size_t signature_len;
} algs[JWT_ALG_COUNT] = {
    [JWT_HS256] = { "HS256", SHA256_LEN },
    [JWT_ES256] = { "ES256", SIGNATURE_LEN },
    [JWT_EDDSA] = { "EdDSA", SIGNATURE_LEN },
};

const char *jwt_alg_name(enum jwt_alg alg)
{
    return algs[alg].name;
}

enum status jwt_alg_find(struct slice name, enum jwt_alg *out)
{
    for (int i = 0; i < JWT_ALG_COUNT; i++)
        if (slice_is(name, algs[i].name)) {
            *out = (enum jwt_alg)i;
            return ST_OK;
        }
    return ST_NOT_FOUND;
}

enum jwt_alg jwt_alg_of_key(enum key_type type)
{
    return type == KEY_P256 ? JWT_ES256 : JWT_EDDSA;
}

/* A token on its way through the checks. */
struct parts {
    struct slice signed_text; /* header.claims, as it came */
    struct slice header;      /* decoded */
    struct slice claims;      /* decoded */
    struct slice signature;   /* decoded */
    uint8_t bytes[JWT_MAX_LEN];
};

static enum status decode_segment(struct writer *w, struct slice text, struct slice *out)
{
    size_t len;

    if (text.len == 0)
        return ST_INVALID;
    enum status st = base64url_decode(text, w->data + w->len, w->cap - w->len, &len);
    if (st)
        return ST_INVALID;
    *out = (struct slice){ w->data + w->len, len };
    w->len += len;
    return ST_OK;
}

/* Three canonical base64url segments (RFC 7515 §7.1). */
static enum status split(struct slice token, struct parts *out)
{
    struct writer w = writer_over(out->bytes, sizeof out->bytes);
    struct slice rest = token;

    if (token.len > JWT_MAX_LEN)
        return ST_TOO_LARGE;
    struct slice header = slice_cut(&rest, '.');
    struct slice claims = slice_cut(&rest, '.');
    if (!rest.data || !claims.data || memchr(rest.data, '.', rest.len))
        return ST_INVALID;
    out->signed_text = (struct slice){ token.data, header.len + 1 + claims.len };
    enum status st = decode_segment(&w, header, &out->header);
    if (!st)
        st = decode_segment(&w, claims, &out->claims);
    return st ? st : decode_segment(&w, rest, &out->signature);
}

struct header {
    enum jwt_alg alg;
    char kid[JWT_KID_MAX + 1];
    bool has_jwk;
    struct public_key jwk;
};

static enum status read_alg(const cJSON *json, unsigned allowed, enum jwt_alg *out)
{
    struct slice name;

    if (json_get_text(json, "alg", TYP_MAX, &name))
        return ST_INVALID;
    for (unsigned i = 0; i < JWT_ALG_COUNT; i++)
        if (allowed & JWT_ALG_BIT(i) && slice_is(name, algs[i].name)) {
            *out = (enum jwt_alg)i;
            return ST_OK;
        }
    return ST_UNSUPPORTED;
}

static enum status read_typ(const cJSON *json, const char *expected)
{
    struct slice typ;

    if (json_get_text(json, "typ", TYP_MAX, &typ))
        return ST_INVALID;
    return slice_is(typ, expected) ? ST_OK : ST_UNSUPPORTED;
}

static enum status read_kid(const cJSON *json, char out[static JWT_KID_MAX + 1])
{
    struct slice kid;
    enum status st = json_get_text(json, "kid", JWT_KID_MAX, &kid);

    out[0] = '\0';
    if (st == ST_NOT_FOUND)
        return ST_OK;
    if (st)
        return ST_INVALID;
    for (size_t i = 0; i < kid.len; i++)
        if (kid.data[i] <= ' ' || kid.data[i] > '~')
            return ST_INVALID;
    return slice_copy_text(kid, out, JWT_KID_MAX + 1);
}

static enum status read_jwk(const cJSON *json, bool wanted, struct header *out)
{
    const cJSON *jwk;
    enum status st = json_get_object(json, "jwk", &jwk);

    out->has_jwk = wanted;
    if (!wanted)
        return st == ST_NOT_FOUND ? ST_OK : ST_INVALID;
    return st ? ST_INVALID : jwk_read(jwk, &out->jwk);
}

static enum status check_header(const cJSON *json, const struct jwt_rules *rules,
                                struct header *out)
{
    /* Nothing else: "crit" with whatever in it is refused by not being here (RFC 7515 §4.1.11). */
    static const char *const members[] = { "alg", "typ", "kid", "jwk", NULL };
    enum status st = json_only_members(json, members);

    if (!st)
        st = read_alg(json, rules->algs, &out->alg);
    if (!st)
        st = read_typ(json, rules->typ);
    if (!st)
        st = read_kid(json, out->kid);
    return st ? st : read_jwk(json, rules->jwk_in_header, out);
}

static enum status read_header(struct slice text, const struct jwt_rules *rules, struct header *out)
{
    struct json_token_tree memory;
    cJSON *json;
    enum status st = json_tree_read_token(text, &memory, &json);

    return st ? st : check_header(json, rules, out);
}

/* ST_DENIED if it does not hold. */
static enum status try_signature(const struct parts *parts, const struct jwt_key *key)
{
    if (key->alg != JWT_HS256)
        return crypto_verify(key->public, parts->signed_text, parts->signature.data);
    struct digest mac = crypto_hmac_sha256(key->secret, parts->signed_text);
    bool same = secret_equal((struct slice){ mac.bytes, sizeof mac.bytes }, parts->signature);
    return same ? ST_OK : ST_DENIED;
}

static enum status check_signature(const struct parts *parts, const struct header *header,
                                   jwt_key_fn *keys, void *arg)
{
    const struct public_key *jwk = header->has_jwk ? &header->jwk : NULL;
    enum status st = ST_DENIED;
    struct jwt_key key;

    if (parts->signature.len != algs[header->alg].signature_len)
        return ST_INVALID;
    for (unsigned i = 0; st == ST_DENIED && keys(arg, slice_of(header->kid), jwk, i, &key); i++)
        if (key.alg == header->alg)
            st = try_signature(parts, &key);
    return st;
}

/* A NumericDate that is a whole number (RFC 7519 §2). */
static enum status read_time(const cJSON *claims, const char *name, int64_t *out)
{
    return json_get_int(claims, name, 0, TIME_MAX, out);
}

static enum status check_not_before(const cJSON *claims, const struct jwt_rules *rules)
{
    int64_t nbf;
    enum status st = read_time(claims, "nbf", &nbf);

    if (st == ST_NOT_FOUND)
        return ST_OK;
    if (st)
        return st;
    return nbf > rules->now + rules->skew ? ST_EXPIRED : ST_OK;
}

static enum status check_expiry(const struct jwt *jwt, const struct jwt_rules *rules)
{
    if (jwt->exp <= jwt->iat)
        return ST_INVALID;
    if (jwt->exp - jwt->iat > rules->max_lifetime)
        return ST_INVALID;
    return jwt->exp + rules->skew <= rules->now ? ST_EXPIRED : ST_OK;
}

static enum status check_times(struct jwt *jwt, const struct jwt_rules *rules)
{
    enum status st = read_time(jwt->claims, "iat", &jwt->iat);

    if (st)
        return ST_INVALID;
    st = read_time(jwt->claims, "exp", &jwt->exp);
    if (st == ST_INVALID || (st && rules->exp_required))
        return ST_INVALID;
    bool has_exp = st == ST_OK;
    if (!has_exp)
        jwt->exp = 0;
    if (jwt->iat > rules->now + rules->skew)
        return ST_EXPIRED;
    st = check_not_before(jwt->claims, rules);
    if (st)
        return st;
    if (has_exp)
        return check_expiry(jwt, rules);
    return jwt->iat + rules->max_lifetime + rules->skew < rules->now ? ST_EXPIRED : ST_OK;
}

static enum status read_claims(struct slice text, const struct jwt_rules *rules, struct jwt *out)
{
    enum status st = json_tree_read_token(text, &out->memory, &out->claims);

    if (!st)
        st = check_times(out, rules);
    if (st)
        out->claims = NULL;
    return st;
}

enum status jwt_verify(struct slice token, const struct jwt_rules *rules, jwt_key_fn *keys,
                       void *arg, struct jwt *out)
{
    struct parts parts;
    struct header header;
    enum status st = split(token, &parts);

    out->claims = NULL;
    if (!st)
        st = read_header(parts.header, rules, &header);
    if (!st)
        st = check_signature(&parts, &header, keys, arg);
    if (!st)
        st = read_claims(parts.claims, rules, out);
    if (!st) {
        out->alg = header.alg;
        memcpy(out->kid, header.kid, sizeof out->kid);
    }
    return st;
}

void jwt_clear(struct jwt *jwt)
{
    jwt->claims = NULL;
}

enum status jwt_peek(struct slice token, cJSON **header, cJSON **claims)
{
    struct parts parts;
    enum status st = split(token, &parts);

    if (!st)
        st = json_parse_object(parts.header, &JSON_TOKEN_LIMITS, header);
    if (st)
        return st;
    st = json_parse_object(parts.claims, &JSON_TOKEN_LIMITS, claims);
    if (st)
        cJSON_Delete(*header);
    return st;
}
