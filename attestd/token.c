#include "token.h"

#include <math.h>

#include "base64url.h"
#include "jwk.h"
#include "token_sign.h"

enum { RANDOM_LEN = 16, STREAK_MAX = 1000000000, COVERAGE_STEPS = 10000, CLAIMS_LEN_MAX = 2048 };
_Static_assert(BASE64URL_LEN(RANDOM_LEN) == JTI_LEN, "a jti of 128 bits");

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
    const struct jwt_rules rules = token_rules(app, INTEGRITY_TOKEN_TYP, now);
    struct token_lookup keys = { app, now };
    struct integrity_claims claims;
    struct former former = { .id = "" };
    struct jwt jwt;

    if (previous.len == 0 || jwt_verify(previous, &rules, token_lookup_fn, &keys, &jwt))
        return former;
    if (!integrity_claims_decode(&jwt, &claims) && is_of_instance(&claims, app, issuer, jkt) &&
        slice_is(claims.software_version, build->label) &&
        !slice_copy_text(claims.token_id, former.id, sizeof former.id)) {
        former.streak = (struct streak){ (uint32_t)claims.streak, 1 - claims.coverage };
        former.good_until = claims.expires_at + TOKEN_SKEW;
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

/* Rounded down: a streak may never seem surer than it is. */
double streak_coverage(struct streak streak)
{
    return floor((1 - streak.miss) * COVERAGE_STEPS) / COVERAGE_STEPS;
}

static enum status write_claims(const struct token_request *request, struct writer *w)
{
    uint8_t random[RANDOM_LEN];
    char jti[JTI_LEN + 1];

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
        .coverage = streak_coverage(request->streak),
        .streak = request->streak.count,
        .ear_status = SLICE_LIT("affirming"),
    };
    return integrity_claims_encode(&values, w);
}

enum status token_mint(const struct token_request *request, struct writer *w)
{
    uint8_t text[CLAIMS_LEN_MAX];
    struct writer claims = writer_over(text, sizeof text);
    enum status st = write_claims(request, &claims);

    return st ? st : token_sign(request->app, INTEGRITY_TOKEN_TYP, writer_slice(&claims), w);
}

size_t token_len_max(const struct token_request *request)
{
    uint8_t text[CLAIMS_LEN_MAX];
    struct writer claims = writer_over(text, sizeof text);

    if (write_claims(request, &claims))
        return SIZE_MAX;
    return token_signed_len(request->app, INTEGRITY_TOKEN_TYP, claims.len);
}
