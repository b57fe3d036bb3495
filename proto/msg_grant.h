/* msg_grant: what the mediator pushes to a device: who holds this key may do this, from then until
 * then. */
#pragma once
#include "crypto.h"
#include "jwk_oct.h"
#include "msg_device.h"
#include "msg_device_hello.h"

enum { GRANT_SCOPE_MAX = 192 };

struct grant {
    uint8_t id[GRANT_ID_LEN];
    uint8_t key[OCT_KEY_LEN]; /* possession key: wipe it when done */
    uint64_t issued_at;       /* the mediator's time, seconds since the epoch */
    uint64_t not_before;      /* seconds; both ends as in a JWT: not_before <= t < expires */
    uint64_t expires;
    bool once;          /* one successful command, then the key is erased */
    struct digest jkt;  /* of the instance that asked for it: for logs */
    struct slice scope; /* borrowed; words between single spaces (RFC 6749 §3.3) */
};

/* ST_INVALID for another length, flags that are none, a scope that is none, or times out of order
 * or past 2^63. */
enum status grant_decode(struct slice message, struct grant *out) MUST_USE;
enum status grant_encode(const struct grant *m, struct writer *w) MUST_USE;

/* 1 to GRANT_SCOPE_MAX bytes of scope-tokens between single spaces. */
bool grant_scope_ok(struct slice scope);
/* Whether `word` is one of them. */
bool grant_scope_has(struct slice scope, struct slice word);
