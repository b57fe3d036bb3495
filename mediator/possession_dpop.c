#include "dpop.h"

#include <string.h>

#include "jwk.h"
#include "pop_challenge.h"
#include "possession.h"

#define REFUSED(refusal, reason) ((struct verdict){ (refusal), (reason) })

/* A jwt_key_fn: the key in the header, if it is that of the integrity token. */
static bool instance_key(void *arg, struct slice kid, const struct public_key *header_jwk,
                         unsigned i, struct jwt_key *out)
{
    const struct possession_input *in = arg;
    struct digest jkt = jwk_thumbprint(header_jwk);

    (void)kid;
    *out = (struct jwt_key){ .alg = jwt_alg_of_key(in->key->type), .public = in->key };
    return i == 0 && memcmp(&jkt, in->jkt, sizeof jkt) == 0;
}

/* The access token that is bound to this proof's key (RFC 9449 §7.1), or empty. */
static struct slice bound_token(const struct http1_head *head)
{
    struct slice token = http1_header_value(head, "Authorization");
    struct slice scheme = slice_cut(&token, ' ');

    if (!slice_equal_nocase(scheme, SLICE_LIT("DPoP")))
        return (struct slice){ NULL, 0 };
    return slice_trim(token);
}

/* RFC 9449 §4.3, 12: a proof that comes with a token is made for that token. */
static bool is_for_token(const struct http1_head *head, const struct dpop_claims *claims)
{
    struct slice token = bound_token(head);
    struct digest hash = crypto_sha256(token);

    if (token.len == 0)
        return true;
    return claims->has_token_hash && memcmp(&hash, &claims->token_hash, sizeof hash) == 0;
}

/* A nonce is ours to judge unless upstream sees the proof as well: then it is upstream's. */
static struct verdict check_nonce(const struct possession_input *in, struct slice nonce,
                                  struct possession_proof *out)
{
    if (in->settings->upstreams[in->client->upstream].forward_dpop)
        return VERDICT_ACCEPTED;
    if (nonce.len == 0)
        return in->client->require_challenge ? REFUSED(REFUSE_NONCE, "DPoP: no nonce")
                                             : VERDICT_ACCEPTED;
    struct due due = { .is_challenge = true,
                       .key = pop_challenge_key(nonce),
                       .otherwise = REFUSED(REFUSE_NONCE, "DPoP: nonce unknown or expired") };
    dues_add(&out->dues, &due);
    return VERDICT_ACCEPTED;
}

static bool is_for_url(const struct possession_input *in, struct slice htu)
{
    uint8_t bytes[DPOP_URL_MAX];
    struct writer url = writer_over(bytes, sizeof bytes);

    writer_put(&url, in->base);
    writer_put(&url, in->path);
    return !url.full && dpop_url_matches(htu, writer_slice(&url));
}

/* RFC 9449 §4.3, 8 to 12. */
static struct verdict check_claims(const struct possession_input *in, const struct jwt *token,
                                   struct possession_proof *out)
{
    struct dpop_claims claims;

    if (dpop_decode(token, &claims))
        return REFUSED(REFUSE_DPOP, "DPoP: claims");
    if (in->method.len == 0)
        return REFUSED(REFUSE_DPOP, "DPoP: the request that it is about is not known");
    if (!slice_equal(claims.method, in->method))
        return REFUSED(REFUSE_DPOP, "DPoP: htm");
    if (!is_for_url(in, claims.url))
        return REFUSED(REFUSE_DPOP, "DPoP: htu");
    if (!is_for_token(in->head, &claims))
        return REFUSED(REFUSE_DPOP, "DPoP: ath");
    struct verdict v = check_nonce(in, claims.nonce, out);
    if (v.refusal)
        return v;
    struct due spend = possession_spend(in, PROOF_DPOP, claims.token_id,
                                        REFUSED(REFUSE_DPOP, "DPoP: used before"));
    dues_add(&out->dues, &spend);
    out->dpop_taken = true;
    return VERDICT_ACCEPTED;
}

/* Why jwt_verify said no, for the log. */
static const char *const reasons[ST_COUNT] = {
    [ST_TOO_LARGE] = "DPoP: too large",       [ST_INVALID] = "DPoP: malformed",
    [ST_UNSUPPORTED] = "DPoP: alg or typ",    [ST_DENIED] = "DPoP: key or signature",
    [ST_EXPIRED] = "DPoP: iat out of window",
};

struct verdict possession_check_dpop(const struct possession_input *in,
                                     struct possession_proof *out)
{
    if (http1_header_occurrences(in->head, DPOP_HEADER) != 1)
        return REFUSED(REFUSE_DPOP, "not exactly one DPoP proof");
    const struct jwt_rules rules = { .typ = DPOP_TYP,
                                     .algs = JWT_ALG_BIT(jwt_alg_of_key(in->key->type)),
                                     .jwk_in_header = true,
                                     .now = in->now,
                                     .skew = in->settings->clock_skew,
                                     .max_lifetime = in->settings->pop_max_age };
    struct jwt token;
    enum status st = jwt_verify(http1_header_value(in->head, DPOP_HEADER), &rules, instance_key,
                                (void *)in, &token);

    if (st == ST_NO_MEMORY)
        return REFUSED(REFUSE_INTERNAL, "no memory");
    if (st)
        return REFUSED(REFUSE_DPOP, reasons[st] ? reasons[st] : "DPoP: failed");
    struct verdict v = check_claims(in, &token, out);
    jwt_clear(&token);
    return v;
}
