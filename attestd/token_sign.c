#include "token_sign.h"

#include <string.h>

#include "base64url.h"

static const char *kid_of(const struct app *app)
{
    return app->token_alg == JWT_HS256 ? keyring_current_kid(app->keyring)
                                       : signing_keys_kid(app->keys);
}

enum status token_sign(const struct app *app, const char *typ, struct slice claims,
                       struct writer *w)
{
    const struct jwt_header header = { .alg = app->token_alg, .typ = typ, .kid = kid_of(app) };

    if (app->token_alg == JWT_HS256)
        return jwt_sign_hs256(&header, claims, keyring_current_secret(app->keyring), w);
    return jwt_sign_with(&header, claims, signing_keys_sign, app->keys, w);
}

enum status token_sign_secret(const struct app *app, const char *typ, struct slice claims,
                              struct writer *w)
{
    const struct jwt_header header = { .alg = JWT_HS256, .typ = typ };

    return jwt_sign_hs256(&header, claims, keyring_current_secret(app->keyring), w);
}

/* Of {"alg":"…","typ":"…","kid":"…"}: none of the three needs an escape; kid may be NULL. */
static size_t jwt_len(enum jwt_alg alg, const char *typ, const char *kid, size_t claims_len)
{
    size_t header = strlen("{\"alg\":\"\",\"typ\":\"\"}") + strlen(jwt_alg_name(alg)) +
                    strlen(typ) + (kid ? strlen(",\"kid\":\"\"") + strlen(kid) : 0);
    size_t signature = alg == JWT_HS256 ? SHA256_LEN : SIGNATURE_LEN;

    return BASE64URL_LEN(header) + 1 + BASE64URL_LEN(claims_len) + 1 + BASE64URL_LEN(signature);
}

size_t token_signed_len(const struct app *app, const char *typ, size_t claims_len)
{
    return jwt_len(app->token_alg, typ, kid_of(app), claims_len);
}

size_t token_signed_secret_len(const char *typ, size_t claims_len)
{
    return jwt_len(JWT_HS256, typ, NULL, claims_len);
}

struct jwt_rules token_rules(const struct app *app, const char *typ, int64_t now)
{
    return (struct jwt_rules){ .typ = typ,
                               .algs = JWT_ALG_BIT(app->token_alg),
                               .exp_required = true,
                               .now = now,
                               .skew = TOKEN_SKEW,
                               .max_lifetime = app->policy.token_lifetime };
}

bool token_secret_fn(void *arg, struct slice kid, const struct public_key *header_jwk, unsigned i,
                     struct jwt_key *out)
{
    const struct app *app = arg;

    (void)header_jwk;
    if (kid.len || i >= keyring_count(app->keyring))
        return false;
    *out = (struct jwt_key){ .alg = JWT_HS256, .secret = keyring_secret_at(app->keyring, i) };
    return true;
}

bool token_lookup_fn(void *arg, struct slice kid, const struct public_key *header_jwk, unsigned i,
                     struct jwt_key *out)
{
    const struct token_lookup *lookup = arg;
    const struct app *app = lookup->app;

    (void)header_jwk;
    if (i)
        return false;
    *out = (struct jwt_key){ .alg = app->token_alg };
    if (app->token_alg == JWT_HS256)
        return keyring_find(app->keyring, kid, lookup->now, &out->secret);
    out->public = signing_keys_find(app->keys, kid, lookup->now);
    return out->public && jwt_alg_of_key(out->public->type) == app->token_alg;
}
