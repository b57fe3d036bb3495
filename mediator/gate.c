#include "gate.h"

#include "demands.h"
#include "jwk.h"
#include "msg_challenge.h"
#include "policy.h"
#include "pop.h"
#include "token_key.h"

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
    x->out->client = settings_client_at(x->in->settings, x->in->upstream, x->out->client_id);
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

static enum status verify_token(struct examination *x, unsigned algs, jwt_key_fn *keys, void *arg)
{
    const struct jwt_rules rules = { .typ = INTEGRITY_TOKEN_TYP,
                                     .algs = algs,
                                     .exp_required = true,
                                     .now = x->in->now,
                                     .skew = x->in->settings->clock_skew,
                                     .max_lifetime = x->in->settings->token_max_lifetime };

    return jwt_verify(http1_header_value(x->in->head, ATTESTATION_HEADER), &rules, keys, arg,
                      &x->token);
}

/* Once the signature holds. */
static struct verdict read_token(struct examination *x, enum status st)
{
    if (st)
        return token_verdicts[st].refusal ? token_verdicts[st]
                                          : REFUSED(REFUSE_INTERNAL, "token: failed");
    st = integrity_claims_decode(&x->token, &x->claims);
    if (st == ST_NO_MEMORY)
        return token_verdicts[st];
    if (st || slice_copy_text(x->claims.software_version, x->out->version, sizeof x->out->version))
        return REFUSED(REFUSE_ATTESTATION, "token: claims");
    x->out->jkt = jwk_thumbprint(&x->claims.instance_key);
    x->out->has_jkt = true;
    x->out->coverage = x->claims.coverage;
    x->out->streak = x->claims.streak;
    return VERDICT_ACCEPTED;
}

/* A client that is unknown has no key, so that its tokens walk the same way as those of a known
 * client with an unknown kid. */
static struct verdict token_holds(struct examination *x)
{
    const struct client *client = x->out->client;
    struct token_key_lookup lookup = { client, x->in->now };
    enum status st = verify_token(x, JWT_ALG_BIT(client ? client->token_alg : JWT_HS256),
                                  token_key_lookup_fn, &lookup);

    if (!client)
        return REFUSED(REFUSE_ATTESTATION, "unknown client");
    return read_token(x, st);
}

static struct verdict is_about_this_client(struct examination *x)
{
    if (slice_equal(x->claims.client_id, x->out->client_id))
        return VERDICT_ACCEPTED;
    return REFUSED(REFUSE_ATTESTATION, "token: sub is not client_id");
}

/* A request to an API names no client but in its token, whose claims are not looked at
 * before its signature holds: so the kid leads to the keys that may have signed. */
struct any_client {
    const struct settings *settings;
    int64_t now;
    size_t next;
    struct jwt_key key; /* the one handed out last */
};

/* Clients that share a key have it tried once: checking a signature is what costs. */
static bool key_of_any(void *arg, struct slice kid, const struct public_key *header_jwk, unsigned i,
                       struct jwt_key *out)
{
    struct any_client *any = arg;

    (void)header_jwk;
    while (any->next < any->settings->client_count) {
        const struct client *client = &any->settings->clients[any->next++];
        if (!token_key_find(client, kid, any->now, out) ||
            (i > 0 && token_key_same(out, &any->key)))
            continue;
        any->key = *out;
        return true;
    }
    return false;
}

static bool is_key_of(const struct client *client, struct slice kid, const struct any_client *any)
{
    struct jwt_key key;

    return token_key_find(client, kid, any->now, &key) && token_key_same(&key, &any->key);
}

static struct verdict token_of_some_client_holds(struct examination *x)
{
    struct any_client any = { .settings = x->in->settings, .now = x->in->now };
    struct verdict v =
        read_token(x, verify_token(x, x->in->settings->token_algs, key_of_any, &any));

    if (v.refusal)
        return v;
    x->out->client = settings_client(x->in->settings, x->claims.client_id);
    if (!x->out->client)
        return REFUSED(REFUSE_ATTESTATION, "token: sub is no client");
    x->out->client_id = slice_of(x->out->client->id);
    if (!is_key_of(x->out->client, slice_of(x->token.kid), &any))
        return REFUSED(REFUSE_ATTESTATION, "token: signed for another client than sub");
    return VERDICT_ACCEPTED;
}

static struct verdict is_admitted(struct examination *x)
{
    const struct words *clients = &x->in->check->clients;

    if (clients->count == 0 || words_have(clients, x->out->client_id))
        return VERDICT_ACCEPTED;
    return REFUSED(REFUSE_ACCESS, "client not among those of this policy");
}

/* EAR: anything but "affirming" is a warning or worse (draft-ietf-rats-ear-04 §3). */
static struct verdict affirms(struct examination *x)
{
    if (slice_is(x->claims.ear_status, "affirming"))
        return VERDICT_ACCEPTED;
    return REFUSED(REFUSE_STALE, "token: ear_status is not affirming");
}

/* The client's, those of the scopes that it asks for and, at /check, the policy's. */
static struct demands demands_of(const struct examination *x)
{
    struct demands d = x->out->client->demands;

    if (x->in->check)
        demands_add(&d, &x->in->check->demands);
    if (x->in->grants)
        demands_add_scopes(&d, x->out->client, x->in->form);
    return d;
}

/* Coverage grows with every attestation of a streak, so attesting again may help. */
static struct verdict meets_demands(struct examination *x)
{
    struct demands d = demands_of(x);

    if (d.max_age && x->in->now - x->claims.issued_at > d.max_age)
        return REFUSED(REFUSE_STALE, "token: older than max_age");
    if (x->claims.coverage < d.min_coverage)
        return REFUSED(REFUSE_STALE, "token: coverage below min_coverage");
    if (x->claims.streak < d.min_streak)
        return REFUSED(REFUSE_STALE, "token: streak below min_streak");
    return VERDICT_ACCEPTED;
}

/* Whom a proof must name: where upstream judges it as well, upstream, which is not told otherwise.
 */
static struct slice audience_of(const struct examination *x)
{
    const struct client *client = x->out->client;

    if (x->in->check || !client->forward_attestation)
        return x->in->audience;
    return slice_of(x->in->settings->upstreams[client->upstream].issuer);
}

static struct verdict proves_possession(struct examination *x)
{
    const struct possession_input in = { .settings = x->in->settings,
                                         .client = x->out->client,
                                         .head = x->in->head,
                                         .key = &x->claims.instance_key,
                                         .jkt = &x->out->jkt,
                                         .audience = audience_of(x),
                                         .method = x->in->method,
                                         .base = x->in->base,
                                         .path = x->in->path,
                                         .now = x->in->now };

    return x->out->client->possession->check(&in, &x->out->proof);
}

static struct verdict asks_what_it_may(struct examination *x)
{
    return x->in->policy(x->out->client, x->in->form);
}

/* SHA-256("token" ‖ 0 ‖ client ‖ 0 ‖ jti), kept until the token has expired. */
static struct verdict owes_the_token(struct examination *x)
{
    uint8_t bytes[8 + CLIENT_ID_MAX + INTEGRITY_TOKEN_MAX];
    struct writer w = writer_over(bytes, sizeof bytes);
    int64_t left = x->claims.expires_at - x->in->now + x->in->settings->clock_skew + 1;

    if (!x->out->client->limited_use)
        return VERDICT_ACCEPTED;
    writer_put(&w, (struct slice){ (const uint8_t *)"token", sizeof "token" });
    writer_put(&w, x->out->client_id);
    writer_byte(&w, 0);
    writer_put(&w, x->claims.token_id);
    const struct due due = { .key = store_key_hashed(STORE_SPENT, writer_slice(&w)),
                             .ttl_ms = (uint32_t)left * 1000,
                             .otherwise = REFUSED(REFUSE_STALE, "token: used before") };
    dues_add(&x->out->proof.dues, &due);
    return VERDICT_ACCEPTED;
}

static check_fn *const endpoint_checks[] = {
    names_a_client, carries_one_attestation, token_holds,      is_about_this_client, affirms,
    meets_demands,  proves_possession,       asks_what_it_may, owes_the_token,       NULL,
};

static check_fn *const api_checks[] = {
    carries_one_attestation, token_of_some_client_holds, is_admitted,    affirms,
    meets_demands,           proves_possession,          owes_the_token, NULL,
};

struct verdict gate_check(const struct gate_input *in, struct gate_pass *out)
{
    struct examination x;
    check_fn *const *checks = in->check ? api_checks : endpoint_checks;
    struct verdict v = VERDICT_ACCEPTED;

    *out = (struct gate_pass){ 0 };
    x.in = in;
    x.out = out;
    for (size_t i = 0; checks[i] && !v.refusal; i++)
        v = checks[i](&x);
    return v;
}
