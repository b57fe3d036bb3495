#include <string.h>

#include "base64url.h"
#include "device_token.h"
#include "json_scan.h"
#include "msg_grant.h"

enum { HEADER_MAX = 256 };

struct segments {
    struct slice header, claims, signature; /* base64url */
    struct slice signed_text;               /* header.claims */
};

/* RFC 7515 §7.1: three segments. */
static enum status split(struct slice token, struct segments *out)
{
    struct slice rest = token;

    if (token.len > DEVICE_TOKEN_MAX)
        return ST_TOO_LARGE;
    out->header = slice_cut(&rest, '.');
    out->claims = slice_cut(&rest, '.');
    out->signature = rest;
    bool three =
        out->header.len && out->claims.len && rest.len && !memchr(rest.data, '.', rest.len);
    out->signed_text = (struct slice){ token.data, out->header.len + 1 + out->claims.len };
    return three ? ST_OK : ST_INVALID;
}

static const char *const algs[] = { [KEY_P256] = "ES256", [KEY_ED25519] = "EdDSA" };

/* The type of key that the header's alg is for, and the kid, which borrows from json. */
static enum status read_header(struct slice segment, uint8_t json[static HEADER_MAX],
                               enum key_type *type, struct slice *kid)
{
    /* Nothing else: "crit" is refused by not being here (RFC 7515 §4.1.11). */
    struct json_scan_field f[] = {
        { .name = "alg", .type = JSON_SCAN_TEXT },
        { .name = "typ", .type = JSON_SCAN_TEXT },
        { .name = "kid", .type = JSON_SCAN_TEXT, .need = JSON_SCAN_OPTIONAL },
    };
    size_t len;

    if (base64url_decode(segment, json, HEADER_MAX, &len))
        return ST_INVALID;
    enum status st =
        json_scan((struct slice){ json, len }, &JSON_SCAN_LIMITS, JSON_SCAN_OTHERS_REFUSED, f, 3);
    if (st)
        return st;
    *kid = f[2].text;
    *type = slice_is(f[0].text, algs[KEY_P256]) ? KEY_P256 : KEY_ED25519;
    bool known = slice_is(f[0].text, algs[*type]) && slice_is(f[1].text, DEVICE_TOKEN_TYP);
    return known ? ST_OK : ST_UNSUPPORTED;
}

static bool may_have_signed(const struct jwk_named *key, enum key_type type, struct slice kid)
{
    return key->key.type == type && (!key->kid[0] || slice_is(kid, key->kid));
}

static enum status check_signature(const struct segments *s, const struct device_token_rules *rules)
{
    uint8_t json[HEADER_MAX], signature[SIGNATURE_LEN];
    enum key_type type;
    struct slice kid;
    enum status st = read_header(s->header, json, &type, &kid);

    if (st)
        return st;
    if (base64url_decode_exact(s->signature, signature, sizeof signature))
        return ST_INVALID;
    for (size_t i = 0; i < rules->key_count; i++)
        if (may_have_signed(&rules->keys[i], type, kid) &&
            crypto_verify(&rules->keys[i].key, s->signed_text, signature) == ST_OK)
            return ST_OK;
    return ST_DENIED;
}

enum { ISS, AUD, SCOPE, CLIENT_ID, JTI, IAT, NBF, EXP, ONCE, CNF, FIELD_COUNT };
static const struct json_scan_field members[FIELD_COUNT] = {
    [ISS] = { .name = "iss", .type = JSON_SCAN_TEXT },
    [AUD] = { .name = "aud", .type = JSON_SCAN_TEXT },
    [SCOPE] = { .name = "scope", .type = JSON_SCAN_TEXT },
    [CLIENT_ID] = { .name = "client_id", .type = JSON_SCAN_TEXT },
    [JTI] = { .name = "jti", .type = JSON_SCAN_TEXT },
    [IAT] = { .name = "iat", .type = JSON_SCAN_INT },
    [NBF] = { .name = "nbf", .type = JSON_SCAN_INT, .need = JSON_SCAN_OPTIONAL },
    [EXP] = { .name = "exp", .type = JSON_SCAN_INT },
    [ONCE] = { .name = "once", .type = JSON_SCAN_BOOL, .need = JSON_SCAN_OPTIONAL },
    [CNF] = { .name = "cnf", .type = JSON_SCAN_OBJECT },
};

/* Claims that a later mediator adds are ignored (RFC 7519 §4). */
static enum status read_claims(struct slice json, struct device_token_claims *out)
{
    struct json_scan_field f[FIELD_COUNT];
    struct json_scan_field jwe = { .name = "jwe", .type = JSON_SCAN_TEXT };

    memcpy(f, members, sizeof f);
    enum status st = json_scan(json, &JSON_SCAN_LIMITS, JSON_SCAN_OTHERS_IGNORED, f, FIELD_COUNT);
    if (!st)
        st = json_scan(f[CNF].text, &JSON_SCAN_LIMITS, JSON_SCAN_OTHERS_REFUSED, &jwe, 1);
    *out = (struct device_token_claims){
        .issuer = f[ISS].text,
        .audience = f[AUD].text,
        .scope = f[SCOPE].text,
        .client_id = f[CLIENT_ID].text,
        .token_id = f[JTI].text,
        .jwe = jwe.text,
        .issued_at = f[IAT].number,
        .not_before = f[NBF].present ? f[NBF].number : f[IAT].number,
        .expires = f[EXP].number,
        .once = f[ONCE].number != 0,
    };
    return st;
}

/* A token is never older than it says: iat, which is signed, moves `now` too. */
static enum status check_times(const struct device_token_claims *c,
                               const struct device_token_rules *rules)
{
    const int64_t now =
        c->issued_at > rules->now && !rules->now_is_exact ? c->issued_at : rules->now;

    if (c->issued_at <= 0 || c->expires <= c->issued_at || c->expires <= c->not_before)
        return ST_INVALID;
    if (c->expires - c->issued_at > rules->max_lifetime)
        return ST_INVALID;
    if (rules->now_is_exact && c->issued_at > now + rules->skew)
        return ST_EXPIRED;
    if (c->not_before > now + (rules->now_is_exact ? rules->skew : 0))
        return ST_EXPIRED;
    return c->expires <= now ? ST_EXPIRED : ST_OK;
}

static enum status check_claims(const struct device_token_claims *c,
                                const struct device_token_rules *rules)
{
    if (!slice_equal(c->issuer, rules->issuer))
        return ST_NOT_FOUND;
    enum status st = check_times(c, rules);
    if (!st && !slice_equal(c->audience, rules->audience))
        st = ST_NOT_FOUND;
    if (!st && !grant_scope_ok(c->scope))
        st = ST_INVALID;
    return st;
}

enum status device_token_verify(struct slice token, const struct device_token_rules *rules,
                                uint8_t *scratch, size_t cap, struct device_token_claims *out)
{
    struct segments s;
    size_t len = 0;
    enum status st = split(token, &s);

    if (!st)
        st = check_signature(&s, rules);
    if (!st)
        st = base64url_decode(s.claims, scratch, cap, &len);
    if (!st)
        st = read_claims((struct slice){ scratch, len }, out);
    return st ? st : check_claims(out, rules);
}
