#include "gate.h"

#include "jwk.h"
#include "policy.h"
#include "pop.h"

#define REFUSED(refusal, reason) ((struct verdict){ (refusal), (reason) })

struct examination {
    const struct gate_input *in;
    struct gate_pass *out;
    struct jwt token;
    struct integrity_claims claims; /* borrowed from token */
};

typedef struct verdict check_fn(struct examination *x);

static struct verdict names_a_client(struct examination *x)
{
    x->out->client_id = policy_value(x->in->form, "client_id");
    if (x->out->client_id.len == 0)
        return REFUSED(REFUSE_CLIENT, "no client_id");
    x->out->client = settings_client(x->in->settings, x->out->client_id);
    return VERDICT_ACCEPTED;
}

static struct verdict carries_one_attestation(struct examination *x)
{
    size_t n = http1_header_occurrences(x->in->head, ATTESTATION_HEADER);

    if (n == 0)
        return REFUSED(REFUSE_CLIENT, "no attestation");
    return n == 1 ? VERDICT_ACCEPTED : REFUSED(REFUSE_REQUEST, "several attestations");
}

/* Why jwt_verify said no. Times are read only once the signature holds. */
static const struct verdict token_verdicts[ST_COUNT] = {
    [ST_TOO_LARGE] = { REFUSE_ATTESTATION, "token: too large" },
    [ST_INVALID] = { REFUSE_ATTESTATION, "token: malformed" },
    [ST_UNSUPPORTED] = { REFUSE_ATTESTATION, "token: alg or typ" },
    [ST_DENIED] = { REFUSE_ATTESTATION, "token: signature" },
    [ST_EXPIRED] = { REFUSE_STALE, "token: expired or not yet valid" },
    [ST_NO_MEMORY] = { REFUSE_INTERNAL, "no memory" },
};

/* A jwt_key_fn for clients that are unknown, so that their tokens walk the same
 * way as those of a known client with an unknown kid. */
static bool no_key(void *arg, struct slice kid, const struct public_key *header_jwk, unsigned i,
                   struct jwt_key *out)
{
    (void)arg, (void)kid, (void)header_jwk, (void)i, (void)out;
    return false;
}

static enum status verify_token(struct examination *x)
{
    const struct client *client = x->out->client;
    struct keyring_lookup lookup = { .keyring = client ? client->keyring : NULL,
                                     .now = x->in->now };
    const struct jwt_rules rules = { .typ = INTEGRITY_TOKEN_TYP,
                                     .algs = JWT_ALG_BIT(JWT_HS256),
                                     .exp_required = true,
                                     .now = x->in->now,
                                     .skew = x->in->settings->clock_skew,
                                     .max_lifetime = x->in->settings->token_max_lifetime };

    return jwt_verify(http1_header_value(x->in->head, ATTESTATION_HEADER), &rules,
                      client ? keyring_lookup_fn : no_key, &lookup, &x->token);
}

static struct verdict token_holds(struct examination *x)
{
    enum status st = verify_token(x);

    if (!x->out->client)
        return REFUSED(REFUSE_ATTESTATION, "unknown client");
    if (st)
        return token_verdicts[st].refusal ? token_verdicts[st]
                                          : REFUSED(REFUSE_INTERNAL, "token: failed");
    if (integrity_claims_decode(&x->token, &x->claims))
        return REFUSED(REFUSE_ATTESTATION, "token: claims");
    x->out->jkt = jwk_thumbprint(&x->claims.instance_key);
    x->out->has_jkt = true;
    return VERDICT_ACCEPTED;
}

static struct verdict is_about_this_client(struct examination *x)
{
    if (slice_equal(x->claims.client_id, x->out->client_id))
        return VERDICT_ACCEPTED;
    return REFUSED(REFUSE_ATTESTATION, "token: sub is not client_id");
}

/* EAR: anything but "affirming" is a warning or worse (draft-ietf-rats-ear-04 §3). */
static struct verdict affirms(struct examination *x)
{
    if (slice_is(x->claims.ear_status, "affirming"))
        return VERDICT_ACCEPTED;
    return REFUSED(REFUSE_ATTESTATION, "token: ear_status is not affirming");
}

static struct verdict is_young_enough(struct examination *x)
{
    uint32_t max_age = x->out->client->max_age;

    if (max_age == 0 || x->in->now - x->claims.issued_at <= max_age)
        return VERDICT_ACCEPTED;
    return REFUSED(REFUSE_STALE, "token: older than max_age");
}

/* Coverage grows with every attestation of a streak. */
static struct verdict covers_enough(struct examination *x)
{
    if (x->claims.coverage >= x->out->client->min_coverage)
        return VERDICT_ACCEPTED;
    return REFUSED(REFUSE_STALE, "token: coverage below min_coverage");
}

static struct verdict proves_possession(struct examination *x)
{
    const struct possession_input in = { .settings = x->in->settings,
                                         .client = x->out->client,
                                         .head = x->in->head,
                                         .key = &x->claims.instance_key,
                                         .jkt = &x->out->jkt,
                                         .now = x->in->now };

    return x->out->client->possession->check(&in, &x->out->proof);
}

static struct verdict asks_what_it_may(struct examination *x)
{
    return x->in->policy(x->out->client, x->in->form);
}

static check_fn *const checks[] = {
    names_a_client,  carries_one_attestation, token_holds,       is_about_this_client, affirms,
    is_young_enough, covers_enough,           proves_possession, asks_what_it_may,
};

struct verdict gate_check(const struct gate_input *in, struct gate_pass *out)
{
    struct examination x = { .in = in, .out = out };
    struct verdict v = VERDICT_ACCEPTED;

    *out = (struct gate_pass){ 0 };
    for (size_t i = 0; i < sizeof checks / sizeof *checks && !v.refusal; i++)
        v = checks[i](&x);
    jwt_clear(&x.token);
    return v;
}

static void spent(void *arg, enum status st, struct slice value)
{
    struct gate_spending *s = arg;

    (void)value;
    if (st == ST_OK)
        s->done(s->arg, VERDICT_ACCEPTED);
    else if (st == ST_EXISTS)
        s->done(s->arg, REFUSED(REFUSE_ATTESTATION, "proof: used before"));
    else
        s->done(s->arg, REFUSED(refusal_of_store(st), "store: spending the proof's id"));
}

static void spend_id(struct gate_spending *s)
{
    store_mark(s->store, &s->proof->id, s->proof->id_ttl_ms, spent, s);
}

static void challenge_found(void *arg, enum status st, struct slice value)
{
    struct gate_spending *s = arg;

    (void)value;
    if (st == ST_OK)
        spend_id(s);
    else if (st == ST_NOT_FOUND)
        s->done(s->arg, REFUSED(REFUSE_CHALLENGE, "proof: challenge unknown or expired"));
    else
        s->done(s->arg, REFUSED(refusal_of_store(st), "store: looking up the challenge"));
}

void gate_spend(struct gate_spending *s, struct store *store, const struct possession_proof *proof,
                gate_fn *done, void *arg)
{
    *s = (struct gate_spending){ store, proof, done, arg };
    if (proof->has_challenge)
        store_get(store, &proof->challenge, challenge_found, s);
    else
        spend_id(s);
}
