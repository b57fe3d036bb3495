/* gate: what a request must show before anything is done for it: an integrity
 * token of a client that is known, possession of that token's key, and a wish
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
    size_t upstream; /* whose clients may ask: index; not looked at by /check */
    const struct http1_head *head;
    struct slice audience; /* whom proofs of possession must be made for */
    struct slice method;   /* what DPoP proofs must be made for: empty if it is not known */
    struct slice base;     /* and the URL in two parts */
    struct slice path;
    int64_t now;
    const struct form *form; /* of an OAuth endpoint, and what it allows */
    gate_policy_fn *policy;
    bool grants; /* something is granted there: the demands of its scopes count */
    const struct check_policy *check; /* or of /check instead */
};

enum { GATE_VERSION_MAX = 64 };

/* What the checks established, as far as they got. */
struct gate_pass {
    struct slice client_id;      /* as form or token say; borrowed from the form or the client */
    const struct client *client; /* NULL if there is none of that name */
    bool has_jkt;                /* the token's signature held */
    struct digest jkt;
    double coverage; /* these three are the token's */
    int64_t streak;
    char version[GATE_VERSION_MAX + 1]; /* or "" */
    struct possession_proof proof;      /* its dues hold the token's too */
};

/* All checks that need no store, in order, up to the first that refuses. What is then
 * left is out->proof.dues, to be paid before anything is done. */
struct verdict gate_check(const struct gate_input *in, struct gate_pass *out);
