/* mint: integrity tokens and proofs of possession as a test wants them, right
 * ones and wrong ones. */
#pragma once
#include <criterion/criterion.h>
#include <string.h>

#include "dpop.h"
#include "integrity_token.h"
#include "jwk.h"
#include "pop.h"

enum { MINT_NOW = 1800000000, MINT_MAX = 4096 };
#define MINT_ISSUER "https://auth.example"

struct text {
    char bytes[MINT_MAX];
};

/* Members left out take the value of a good token. */
struct token_wish {
    struct slice secret;
    const struct private_key *signer; /* in the place of the secret */
    const char *kid;
    const struct private_key *instance;
    const char *typ, *sub, *ear_status, *id;
    const char *claims; /* instead of all below */
    int64_t age;        /* seconds since iat */
    int64_t lifetime;   /* exp − iat */
    double coverage;
    int64_t streak;
};

struct proof_wish {
    const struct private_key *instance;
    const char *typ, *audience, *id, *challenge, *client_id;
    const char *claims;
    int64_t age;
};

static inline const char *or_else(const char *wish, const char *otherwise)
{
    return wish ? wish : otherwise;
}

static inline struct text finish_text(struct writer *w, struct text *t)
{
    cr_assert(!w->full);
    t->bytes[w->len] = '\0';
    return *t;
}

static inline struct slice token_claims(const struct token_wish *w, void *room, size_t cap)
{
    struct writer out = writer_over(room, cap);
    const struct integrity_claims claims = {
        .issuer = SLICE_LIT("https://attestd.example"),
        .client_id = slice_of(or_else(w->sub, "app")),
        .issued_at = MINT_NOW - w->age,
        .expires_at = MINT_NOW - w->age + (w->lifetime ? w->lifetime : 300),
        .token_id = slice_of(or_else(w->id, "0123456789012345678901")),
        .instance_key = w->instance->public,
        .coverage = w->coverage > 0 ? w->coverage : 0.5,
        .streak = w->streak ? w->streak : 1,
        .ear_status = slice_of(or_else(w->ear_status, "affirming")),
    };

    if (w->claims)
        return slice_of(w->claims);
    cr_assert_eq(integrity_claims_encode(&claims, &out), ST_OK);
    return writer_slice(&out);
}

static inline struct text mint_token(const struct token_wish *w)
{
    struct text t;
    char room[MINT_MAX];
    struct writer out = writer_over(t.bytes, sizeof t.bytes - 1);
    const struct jwt_header header = { .alg = w->signer ? jwt_alg_of_key(w->signer->public.type)
                                                        : JWT_HS256,
                                       .typ = or_else(w->typ, INTEGRITY_TOKEN_TYP),
                                       .kid = w->kid };

    struct slice claims = token_claims(w, room, sizeof room);
    cr_assert_eq(w->signer
                     ? jwt_sign_with(&header, claims, jwt_sign_private_key, (void *)w->signer, &out)
                     : jwt_sign_hs256(&header, claims, w->secret, &out),
                 ST_OK);
    return finish_text(&out, &t);
}

static inline struct slice proof_claims(const struct proof_wish *w, void *room, size_t cap)
{
    static unsigned serial;
    struct writer out = writer_over(room, cap);
    struct json_writer j = json_writer_over(&out);
    char id[32];

    if (w->claims)
        return slice_of(w->claims);
    snprintf(id, sizeof id, "proof-%u", serial++);
    json_begin_object(&j, NULL);
    json_text(&j, "aud", slice_of(or_else(w->audience, MINT_ISSUER)));
    json_text(&j, "jti", slice_of(or_else(w->id, id)));
    json_int(&j, "iat", MINT_NOW - w->age);
    if (w->challenge)
        json_text(&j, "challenge", slice_of(w->challenge));
    if (w->client_id)
        json_text(&j, "iss", slice_of(w->client_id));
    json_end_object(&j);
    return writer_slice(&out);
}

static inline struct text mint_proof(const struct proof_wish *w)
{
    struct text t;
    char room[MINT_MAX];
    struct writer out = writer_over(t.bytes, sizeof t.bytes - 1);
    const struct jwt_header header = { .alg = jwt_alg_of_key(w->instance->public.type),
                                       .typ = or_else(w->typ, POP_TYP) };

    cr_assert_eq(jwt_sign_with(&header, proof_claims(w, room, sizeof room), jwt_sign_private_key,
                               (void *)w->instance, &out),
                 ST_OK);
    return finish_text(&out, &t);
}

struct dpop_wish {
    const struct private_key *instance, *in_header; /* whose key the header names */
    const char *typ, *method, *url, *id, *nonce, *token_hash;
    bool no_key;
    const char *claims;
    int64_t age;
};

static inline struct slice dpop_wish_claims(const struct dpop_wish *w, void *room, size_t cap)
{
    static unsigned serial;
    struct writer out = writer_over(room, cap);
    struct json_writer j = json_writer_over(&out);
    char id[32];

    if (w->claims)
        return slice_of(w->claims);
    snprintf(id, sizeof id, "dpop-%u", serial++);
    json_begin_object(&j, NULL);
    json_text(&j, "htm", slice_of(or_else(w->method, "POST")));
    json_text(&j, "htu", slice_of(or_else(w->url, MINT_ISSUER "/token")));
    json_text(&j, "jti", slice_of(or_else(w->id, id)));
    json_int(&j, "iat", MINT_NOW - w->age);
    if (w->nonce)
        json_text(&j, "nonce", slice_of(w->nonce));
    if (w->token_hash)
        json_text(&j, "ath", slice_of(w->token_hash));
    json_end_object(&j);
    return writer_slice(&out);
}

static inline struct text mint_dpop(const struct dpop_wish *w)
{
    struct text t;
    char room[MINT_MAX];
    struct writer out = writer_over(t.bytes, sizeof t.bytes - 1);
    const struct private_key *named = w->in_header ? w->in_header : w->instance;
    const struct jwt_header header = { .alg = jwt_alg_of_key(w->instance->public.type),
                                       .typ = or_else(w->typ, DPOP_TYP),
                                       .jwk = w->no_key ? NULL : &named->public };

    cr_assert_eq(jwt_sign_with(&header, dpop_wish_claims(w, room, sizeof room),
                               jwt_sign_private_key, (void *)w->instance, &out),
                 ST_OK);
    return finish_text(&out, &t);
}
