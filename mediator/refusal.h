/* refusal: how a request may end here, and what its sender is told. The reason
 * goes to the audit log alone. */
#pragma once
#include "http_error.h"

enum refusal {
    ACCEPTED = 0,
    REFUSE_REQUEST,         /* malformed */
    REFUSE_TOO_LARGE,       /* RFC 9126 §2.3 */
    REFUSE_CLIENT,          /* no client named, or no attestation sent */
    REFUSE_ATTESTATION,     /* attestation or proof of possession do not hold */
    REFUSE_STALE,           /* attest anew */
    REFUSE_CHALLENGE,       /* use the challenge that comes with the answer */
    REFUSE_DPOP,            /* the DPoP proof does not hold (RFC 9449 §5) */
    REFUSE_NONCE,           /* use the nonce that comes with the answer (RFC 9449 §8) */
    REFUSE_ACCESS,          /* not something that this client may use */
    REFUSE_GRANT,           /* this code or token is not for this instance */
    REFUSE_GRANT_TYPE,      /* not one that the client may use */
    REFUSE_SCOPE,           /* not one that the client may ask for */
    REFUSE_TARGET,          /* not a device that the client may reach (RFC 8707 §2) */
    REFUSE_DETAILS,         /* what it asks for a device cannot be granted (RFC 9396 §5) */
    REFUSE_BAD_GATEWAY,     /* upstream answered wrongly, or not at all */
    REFUSE_UNAVAILABLE,     /* store or upstream cannot be used; nothing was sent */
    REFUSE_GATEWAY_TIMEOUT, /* upstream has the request and did not answer in time */
    REFUSE_INTERNAL,
    REFUSAL_COUNT
};

/* What a check came to. `reason` is a constant text for the audit log. */
struct verdict {
    enum refusal refusal;
    const char *reason;
};
#define VERDICT_ACCEPTED ((struct verdict){ ACCEPTED, NULL })

/* A word for it, for metrics. */
const char *refusal_name(enum refusal r);

/* Who is told: an OAuth client (RFC 6749 §5.2), or a reverse proxy, which takes 401 and
 * 403 for an answer to hand on. */
enum refusal_set { REFUSALS_OF_OAUTH, REFUSALS_OF_CHECK };

const struct http_refusal *refusal_answer(enum refusal_set set, enum refusal r);
/* The value of WWW-Authenticate for a 401 (RFC 9110 §11.6.1), NULL for others. */
const char *refusal_authenticate(enum refusal_set set, enum refusal r);

/* What to answer when a call to the store, or to upstream, ended with st. */
enum refusal refusal_of_store(enum status st);
enum refusal refusal_of_upstream(enum status st);
