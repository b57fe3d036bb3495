/* device_reply: what is added to upstream's answer about a grant on a device:
 *
 *   "cnf": { "jwk": { "kty": "oct", "k": ... } }     where the key is ours (RFC 9201 §3.2)
 *   "device_grant": { "device", "scope", "nbf", "exp", "once",
 *                     "delivery": "acknowledged" | "queued" | "token",
 *                     "grant_id" (push) | "token" (sealed) }
 */
#pragma once
#include "device_terms.h"
#include "msg_grant.h"

struct device_reply {
    const char *device;
    const struct device_terms *terms;
    const uint8_t *grant_id;
    const uint8_t *key; /* NULL: the app has it */
    const char *delivery;
    struct slice token; /* of a sealed device; empty otherwise */
};

/* Beyond the answer itself. */
enum { DEVICE_REPLY_MAX = DEVICE_TOKEN_MAX + 1024 + GRANT_SCOPE_MAX };

/* Whether an answer has these members already. */
bool device_reply_collides(const cJSON *answer);
/* `body` is one object, as the strict reader took it. ST_TOO_LARGE. */
enum status device_reply_write(struct slice body, const struct device_reply *what,
                               struct writer *w) MUST_USE;
