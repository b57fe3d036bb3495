/* pop_challenge: the server's challenge in a proof of possession (attestation
 * draft §6). It shows that a proof is fresh, whatever the client's clock says;
 * that a proof is used once is its jti's work, so one challenge may serve
 * several proofs until it expires. */
#pragma once
#include "base64url.h"
#include "crypto.h"
#include "store.h"

enum { POP_CHALLENGE_LEN = BASE64URL_LEN(32) };

struct pop_challenge {
    char text[POP_CHALLENGE_LEN + 1];
};

/* Draws *out at once and records it. Send it only after ST_OK. */
void pop_challenge_issue(struct store *store, struct pop_challenge *out, uint32_t ttl_ms,
                         store_fn *done, void *arg);

/* Where its record lies: store_get says whether it is one of ours. */
struct store_key pop_challenge_key(struct slice text);
