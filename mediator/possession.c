#include "possession.h"

#include <string.h>

#include "msg_challenge.h"
#include "pop.h"
#include "pop_challenge.h"

#define REFUSED(refusal, reason) ((struct verdict){ (refusal), (reason) })

/* A jwt_key_fn: the key of the integrity token, and no other. */
static bool instance_key(void *arg, struct slice kid, const struct public_key *header_jwk,
                         unsigned i, struct jwt_key *out)
{
    const struct public_key *key = arg;

    (void)kid, (void)header_jwk;
    *out = (struct jwt_key){ .alg = jwt_alg_of_key(key->type), .public = key };
    return i == 0;
}

/* SHA-256(client ‖ 0 ‖ jkt ‖ jti): one instance cannot spend another's ids. */
static struct store_key spent_id(const struct possession_input *in, struct slice jti)
{
    uint8_t bytes[CLIENT_ID_MAX + 1 + SHA256_LEN + POP_JTI_MAX];
    struct writer w = writer_over(bytes, sizeof bytes);

    writer_put(&w, slice_of(in->client->id));
    writer_byte(&w, 0);
    writer_put(&w, (struct slice){ in->jkt->bytes, sizeof in->jkt->bytes });
    writer_put(&w, jti);
    return store_key_hashed(STORE_SPENT, writer_slice(&w));
}

/* A proof is accepted from iat − skew to iat + max_age + skew, and must be
 * remembered for all of that. */
static uint32_t spent_ttl_ms(const struct settings *s)
{
    return (s->pop_max_age + 2 * s->clock_skew + 1) * 1000;
}

static struct verdict check_claims(const struct possession_input *in, const struct jwt *token,
                                   struct possession_proof *out)
{
    struct pop_claims claims;

    if (pop_decode(token, &claims))
        return REFUSED(REFUSE_ATTESTATION, "proof: claims");
    if (!slice_is(claims.audience, in->settings->issuer))
        return REFUSED(REFUSE_ATTESTATION, "proof: aud is not this mediator");
    if (claims.client_id.len && !slice_is(claims.client_id, in->client->id))
        return REFUSED(REFUSE_ATTESTATION, "proof: iss is not this client");
    if (in->client->require_challenge && claims.challenge.len == 0)
        return REFUSED(REFUSE_CHALLENGE, "proof: no challenge");
    out->has_id = true;
    out->id = spent_id(in, claims.token_id);
    out->id_ttl_ms = spent_ttl_ms(in->settings);
    out->has_challenge = claims.challenge.len > 0;
    if (out->has_challenge)
        out->challenge = pop_challenge_key(claims.challenge);
    return VERDICT_ACCEPTED;
}

/* Why jwt_verify said no, for the log. */
static const char *const proof_reasons[ST_COUNT] = {
    [ST_TOO_LARGE] = "proof: too large",       [ST_INVALID] = "proof: malformed",
    [ST_UNSUPPORTED] = "proof: alg or typ",    [ST_DENIED] = "proof: signature",
    [ST_EXPIRED] = "proof: iat out of window",
};

/* OAuth-Client-Attestation-PoP (attestation draft §5.1, §7.2). */
static struct verdict check_pop(const struct possession_input *in, struct possession_proof *out)
{
    if (http1_header_occurrences(in->head, ATTESTATION_POP_HEADER) != 1)
        return REFUSED(REFUSE_ATTESTATION, "not exactly one proof of possession");
    const struct jwt_rules rules = { .typ = POP_TYP,
                                     .algs = JWT_ALG_BIT(jwt_alg_of_key(in->key->type)),
                                     .now = in->now,
                                     .skew = in->settings->clock_skew,
                                     .max_lifetime = in->settings->pop_max_age };
    struct public_key key = *in->key;
    struct jwt token;
    enum status st = jwt_verify(http1_header_value(in->head, ATTESTATION_POP_HEADER), &rules,
                                instance_key, &key, &token);

    if (st)
        return REFUSED(REFUSE_ATTESTATION, proof_reasons[st] ? proof_reasons[st] : "proof: failed");
    struct verdict v = check_claims(in, &token, out);
    jwt_clear(&token);
    return v;
}

/* The owner of this client accepts that a stolen token is as good as the app. */
static struct verdict check_none(const struct possession_input *in, struct possession_proof *out)
{
    (void)in, (void)out;
    return VERDICT_ACCEPTED;
}

static const struct possession_mode modes[] = {
    { "pop", check_pop },
    { "none", check_none },
};

const struct possession_mode *possession_find(const char *name)
{
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (strcmp(modes[i].name, name) == 0)
            return &modes[i];
    return NULL;
}
