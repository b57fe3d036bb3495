#include "token.h"

#include <math.h>

#include "base64url.h"
#include "jwk.h"

enum { SKEW = 30, RANDOM_LEN = 16, STREAK_MAX = 1000000000, COVERAGE_STEPS = 10000 };
_Static_assert(BASE64URL_LEN(RANDOM_LEN) == JTI_LEN, "a jti of 128 bits");

struct jwt_rules token_rules(const struct app *app, int64_t now)
{
    return (struct jwt_rules){ .typ = INTEGRITY_TOKEN_TYP,
                               .algs = JWT_ALG_BIT(JWT_HS256),
                               .exp_required = true,
                               .now = now,
                               .skew = SKEW,
                               .max_lifetime = app->policy.token_lifetime };
}

struct streak streak_extend(struct streak before, double fraction)
{
    double miss = before.count ? before.miss : 1;

    return (struct streak){ before.count < STREAK_MAX ? before.count + 1 : STREAK_MAX,
                            miss * (1 - fraction) };
}

static bool is_of_instance(const struct integrity_claims *claims, const struct app *app,
                           struct slice issuer, const struct digest *jkt)
{
    struct digest own = jwk_thumbprint(&claims->instance_key);

    return slice_is(claims->client_id, app->client_id) && slice_equal(claims->issuer, issuer) &&
           slice_equal((struct slice){ own.bytes, sizeof own.bytes },
                       (struct slice){ jkt->bytes, sizeof jkt->bytes });
}

struct former token_former(struct slice previous, const struct app *app, const struct build *build,
                           struct slice issuer, const struct digest *jkt, int64_t now)
{
    const struct jwt_rules rules = token_rules(app, now);
    struct keyring_lookup keys = { app->keyring, now };
    struct integrity_claims claims;
    struct former former = { .id = "" };
    struct jwt jwt;

    if (previous.len == 0 || jwt_verify(previous, &rules, keyring_lookup_fn, &keys, &jwt))
        return former;
    if (!integrity_claims_decode(&jwt, &claims) && is_of_instance(&claims, app, issuer, jkt) &&
        slice_is(claims.software_version, build->label) &&
        !slice_copy_text(claims.token_id, former.id, sizeof former.id)) {
        former.streak = (struct streak){ (uint32_t)claims.streak, 1 - claims.coverage };
        former.good_until = claims.expires_at + SKEW;
    }
    jwt_clear(&jwt);
    return former;
}

/* The mediator spends tokens too, and may share the store. */
struct store_key token_former_key(const struct former *former, const struct app *app)
{
    uint8_t text[sizeof "streak" + CLIENT_ID_MAX + JTI_LEN + 2];
    struct writer w = writer_over(text, sizeof text);

    writer_put(&w, SLICE_LIT("streak\0"));
    writer_text(&w, app->client_id);
    writer_byte(&w, 0);
    writer_text(&w, former->id);
    return store_key_hashed(STORE_SPENT, writer_slice(&w));
}

/* As the claim can say it, rounded down: a streak may never seem surer than it is. */
static double coverage_of(struct streak streak)
{
    return floor((1 - streak.miss) * COVERAGE_STEPS) / COVERAGE_STEPS;
}

enum status token_mint(const struct token_request *request, struct writer *w)
{
    const struct jwt_header header = { .alg = JWT_HS256,
                                       .typ = INTEGRITY_TOKEN_TYP,
                                       .kid = keyring_current_kid(request->app->keyring) };
    uint8_t text[INTEGRITY_TOKEN_MAX], random[RANDOM_LEN];
    char jti[JTI_LEN + 1];
    struct writer claims = writer_over(text, sizeof text);

    crypto_random(random, sizeof random);
    base64url_encode(jti, (struct slice){ random, sizeof random });
    const struct integrity_claims values = {
        .issuer = request->issuer,
        .client_id = slice_of(request->app->client_id),
        .issued_at = request->now,
        .expires_at = request->now + request->app->policy.token_lifetime,
        .token_id = slice_of(jti),
        .instance_key = *request->instance_key,
        .software_name = slice_of(request->app->name),
        .software_version = slice_of(request->build->label),
        .coverage = coverage_of(request->streak),
        .streak = request->streak.count,
        .ear_status = SLICE_LIT("affirming"),
    };
    enum status st = integrity_claims_encode(&values, &claims);
    size_t start = w->len;
    if (!st)
        st = jwt_sign_hs256(&header, writer_slice(&claims),
                            keyring_current_secret(request->app->keyring), w);
    return !st && w->len - start > INTEGRITY_TOKEN_MAX ? ST_TOO_LARGE : st;
}
