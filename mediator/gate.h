/* gate: what a request must show before anything is done for it: an integrity
 * token of the client that it names, possession of that token's key, and a wish
 * that the client's configuration allows. */
#pragma once
#include "form.h"
#include "integrity_token.h"
#include "possession.h"
#include "refusal.h"

/* Whether the client may ask this of this endpoint. */
typedef struct verdict gate_policy_fn(const struct client *client, const struct form *form);

struct gate_input {
    const struct settings *settings;
    const struct http1_head *head;
    const struct form *form;
    gate_policy_fn *policy;
    int64_t now;
};

/* What the checks established, as far as they got. */
struct gate_pass {
    struct slice client_id;      /* as the request says; borrowed from the form */
    const struct client *client; /* NULL if there is none of that name */
    bool has_jkt;                /* the token's signature held */
    struct digest jkt;
    struct possession_proof proof;
};

/* All checks that need no store, in order, up to the first that refuses. */
struct verdict gate_check(const struct gate_input *in, struct gate_pass *out);

/* The store's part: the challenge is one of ours, and the proof's id is spent,
 * so that a proof is good once. Fires once, never before the call returned. */
typedef void gate_fn(void *arg, struct verdict v);
struct gate_spending {
    struct store *store;
    const struct possession_proof *proof;
    gate_fn *done;
    void *arg;
};
/* proof->has_id. *s stays in place until done. */
void gate_spend(struct gate_spending *s, struct store *store, const struct possession_proof *proof,
                gate_fn *done, void *arg);
