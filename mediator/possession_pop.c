#include "pop.h"

#include "pop_challenge.h"
#include "possession.h"

#define REFUSED(refusal, reason) ((struct verdict){ (refusal), (reason) })

/* A jwt_key_fn: the key of the integrity token, and no other. */
static bool instance_key(void *arg, struct slice kid, const struct public_key *header_jwk,
                         unsigned i, struct jwt_key *out)
{
    const struct possession_input *in = arg;

    (void)kid, (void)header_jwk;
    *out = (struct jwt_key){ .alg = jwt_alg_of_key(in->key->type), .public = in->key };
    return i == 0;
}

static struct verdict check_claims(const struct possession_input *in, const struct jwt *token,
                                   struct possession_proof *out)
{
    struct pop_claims claims;

    if (pop_decode(token, &claims))
        return REFUSED(REFUSE_ATTESTATION, "proof: claims");
    if (!slice_equal(claims.audience, in->audience))
        return REFUSED(REFUSE_ATTESTATION, "proof: aud is not who was asked");
    if (claims.client_id.len && !slice_is(claims.client_id, in->client->id))
        return REFUSED(REFUSE_ATTESTATION, "proof: iss is not this client");
    if (in->client->require_challenge && claims.challenge.len == 0)
        return REFUSED(REFUSE_CHALLENGE, "proof: no challenge");
    struct due spend = possession_spend(in, PROOF_POP, claims.token_id,
                                        REFUSED(REFUSE_ATTESTATION, "proof: used before"));
    dues_add(&out->dues, &spend);
    /* Where upstream sees the proof, the challenge in it is upstream's. */
    if (claims.challenge.len && !in->client->forward_attestation) {
        struct due challenge = { .is_challenge = true,
                                 .key = pop_challenge_key(claims.challenge),
                                 .otherwise = REFUSED(REFUSE_CHALLENGE,
                                                      "proof: challenge unknown or expired") };
        dues_add(&out->dues, &challenge);
    }
    return VERDICT_ACCEPTED;
}

/* Why jwt_verify said no, for the log. */
static const char *const reasons[ST_COUNT] = {
    [ST_TOO_LARGE] = "proof: too large",       [ST_INVALID] = "proof: malformed",
    [ST_UNSUPPORTED] = "proof: alg or typ",    [ST_DENIED] = "proof: signature",
    [ST_EXPIRED] = "proof: iat out of window",
};

/* OAuth-Client-Attestation-PoP (attestation draft §5.1, §7.2). */
struct verdict possession_check_pop(const struct possession_input *in, struct possession_proof *out)
{
    if (http1_header_occurrences(in->head, ATTESTATION_POP_HEADER) != 1)
        return REFUSED(REFUSE_ATTESTATION, "not exactly one proof of possession");
    const struct jwt_rules rules = { .typ = POP_TYP,
                                     .algs = JWT_ALG_BIT(jwt_alg_of_key(in->key->type)),
                                     .now = in->now,
                                     .skew = in->settings->clock_skew,
                                     .max_lifetime = in->settings->pop_max_age };
    struct jwt token;
    enum status st = jwt_verify(http1_header_value(in->head, ATTESTATION_POP_HEADER), &rules,
                                instance_key, (void *)in, &token);

    if (st == ST_NO_MEMORY)
        return REFUSED(REFUSE_INTERNAL, "no memory");
    if (st)
        return REFUSED(REFUSE_ATTESTATION, reasons[st] ? reasons[st] : "proof: failed");
    struct verdict v = check_claims(in, &token, out);
    jwt_clear(&token);
    return v;
}
