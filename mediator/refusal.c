#include "refusal.h"

/* Errors of RFC 6749 §5.2 and §4.1.2.1, and of §7.4 of the attestation draft. An
 * unknown client and a bad token share one answer, so nobody learns which
 * clients exist. */
static const struct http_refusal oauth_answers[REFUSAL_COUNT] = {
    [REFUSE_REQUEST] = { 400, "invalid_request", "the request is malformed" },
    [REFUSE_TOO_LARGE] = { 413, "invalid_request", "the request is too large" },
    [REFUSE_CLIENT] = { 400, "invalid_client", "client_id and a client attestation are required" },
    [REFUSE_ATTESTATION] = { 400, "invalid_client_attestation",
                             "the client attestation was not accepted" },
    [REFUSE_STALE] = { 400, "use_fresh_attestation", "attest again" },
    [REFUSE_CHALLENGE] = { 400, "use_attestation_challenge",
                           "prove possession with the challenge sent along" },
    [REFUSE_DPOP] = { 400, "invalid_dpop_proof", "the DPoP proof was not accepted" },
    [REFUSE_NONCE] = { 400, "use_dpop_nonce", "prove possession with the nonce sent along" },
    [REFUSE_ACCESS] = { 403, "access_denied", "this client may not use this" },
    [REFUSE_GRANT] = { 400, "invalid_grant", "the grant is not valid for this instance" },
    [REFUSE_GRANT_TYPE] = { 400, "unauthorized_client", "this client may not use this grant" },
    [REFUSE_SCOPE] = { 400, "invalid_scope", "this client may not ask for this scope" },
    [REFUSE_TARGET] = { 400, "invalid_target", "this client may not reach this" },
    [REFUSE_DETAILS] = { 400, "invalid_authorization_details",
                         "this cannot be granted for this device" },
    [REFUSE_BAD_GATEWAY] = { 502, "server_error", "the authorization server did not answer" },
    [REFUSE_UNAVAILABLE] = { 503, "temporarily_unavailable", "try again later" },
    [REFUSE_GATEWAY_TIMEOUT] = { 504, "server_error",
                                 "the authorization server did not answer in time" },
    [REFUSE_INTERNAL] = { 500, "server_error", "the request could not be processed" },
};

#define ATTESTATION_SCHEME "OAuth-Client-Attestation"
#define DPOP_SCHEME        "DPoP algs=\"ES256 EdDSA\", " /* RFC 9449 §7.1 */

/* Where it differs: nginx takes anything but 2xx, 401 and 403 for a failure of its own. */
static const struct check_answer {
    struct http_refusal refusal;
    const char *authenticate;
} check_answers[REFUSAL_COUNT] = {
    [REFUSE_REQUEST] = { { 403, "invalid_request", "the request is malformed" }, NULL },
    [REFUSE_CLIENT] = { { 401, "invalid_client", "a client attestation is required" },
                        ATTESTATION_SCHEME },
    [REFUSE_ATTESTATION] = { { 401, "invalid_client_attestation",
                               "the client attestation was not accepted" },
                             ATTESTATION_SCHEME " error=\"invalid_client_attestation\"" },
    [REFUSE_STALE] = { { 401, "use_fresh_attestation", "attest again" },
                       ATTESTATION_SCHEME " error=\"use_fresh_attestation\"" },
    [REFUSE_CHALLENGE] = { { 401, "use_attestation_challenge",
                             "prove possession with the challenge sent along" },
                           ATTESTATION_SCHEME " error=\"use_attestation_challenge\"" },
    [REFUSE_DPOP] = { { 401, "invalid_dpop_proof", "the DPoP proof was not accepted" },
                      DPOP_SCHEME "error=\"invalid_dpop_proof\"" },
    [REFUSE_TARGET] = { { 403, "invalid_target", "this client may not reach this" }, NULL },
    [REFUSE_DETAILS] = { { 403, "invalid_authorization_details",
                           "this cannot be granted for this device" },
                         NULL },
    [REFUSE_NONCE] = { { 401, "use_dpop_nonce", "prove possession with the nonce sent along" },
                       DPOP_SCHEME "error=\"use_dpop_nonce\"" },
};

static const char *const names[REFUSAL_COUNT] = {
    [ACCEPTED] = "accepted",
    [REFUSE_REQUEST] = "request",
    [REFUSE_TOO_LARGE] = "too_large",
    [REFUSE_CLIENT] = "client",
    [REFUSE_ATTESTATION] = "attestation",
    [REFUSE_STALE] = "stale",
    [REFUSE_CHALLENGE] = "challenge",
    [REFUSE_DPOP] = "dpop",
    [REFUSE_NONCE] = "nonce",
    [REFUSE_ACCESS] = "access",
    [REFUSE_GRANT] = "grant",
    [REFUSE_GRANT_TYPE] = "grant_type",
    [REFUSE_SCOPE] = "scope",
    [REFUSE_TARGET] = "target",
    [REFUSE_DETAILS] = "details",
    [REFUSE_BAD_GATEWAY] = "bad_gateway",
    [REFUSE_UNAVAILABLE] = "unavailable",
    [REFUSE_GATEWAY_TIMEOUT] = "gateway_timeout",
    [REFUSE_INTERNAL] = "internal",
};

const char *refusal_name(enum refusal r)
{
    return names[r];
}

const struct http_refusal *refusal_answer(enum refusal_set set, enum refusal r)
{
    if (set == REFUSALS_OF_CHECK && check_answers[r].refusal.code)
        return &check_answers[r].refusal;
    return &oauth_answers[r];
}

const char *refusal_authenticate(enum refusal_set set, enum refusal r)
{
    return set == REFUSALS_OF_CHECK ? check_answers[r].authenticate : NULL;
}

enum refusal refusal_of_store(enum status st)
{
    return st == ST_NO_MEMORY || st == ST_INTERNAL ? REFUSE_INTERNAL : REFUSE_UNAVAILABLE;
}

/* As http_client_fn tells them apart: what was written may have been done. */
static const enum refusal upstream_answers[ST_COUNT] = {
    [ST_INVALID] = REFUSE_BAD_GATEWAY,     [ST_TOO_LARGE] = REFUSE_BAD_GATEWAY,
    [ST_LOST] = REFUSE_BAD_GATEWAY,        [ST_BUSY] = REFUSE_UNAVAILABLE,
    [ST_UNAVAILABLE] = REFUSE_UNAVAILABLE, [ST_TIMEOUT] = REFUSE_GATEWAY_TIMEOUT,
};

enum refusal refusal_of_upstream(enum status st)
{
    return upstream_answers[st] ? upstream_answers[st] : REFUSE_INTERNAL;
}
