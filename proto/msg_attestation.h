/* msg_attestation: POST /v1/attestations, its request and its answer. */
#pragma once
#include "probe.h"

struct evidence {
    uint32_t id; /* of the probe that it answers */
    struct digest digest;
    struct slice report; /* empty where the data is known to the server */
};

struct attestation_request {
    uint8_t challenge[CHALLENGE_LEN];
    struct public_key instance_key; /* "jwk" */
    uint32_t evidence_count;
    struct evidence evidence[PROBES_MAX];
};

/* Reports borrow from `message`. An id may occur once only (ST_INVALID). Unknown members are
 * refused. */
enum status attestation_request_decode(const cJSON *message,
                                       struct attestation_request *out) MUST_USE;
enum status attestation_request_encode(const struct attestation_request *m,
                                       struct writer *w) MUST_USE;

enum { PINS_MAX = 8 };

struct attestation_response {
    struct slice integrity_token;
    int64_t expires_in;           /* seconds */
    uint32_t pin_count;           /* 0: nothing is said about pins */
    struct digest pins[PINS_MAX]; /* SHA-256 of the SubjectPublicKeyInfo (RFC 7469 §2.4) */
};
enum status attestation_response_decode(const cJSON *message,
                                        struct attestation_response *out) MUST_USE;
enum status attestation_response_encode(const struct attestation_response *m,
                                        struct writer *w) MUST_USE;
