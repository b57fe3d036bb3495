/* msg_attestation: POST /v1/attestations, its request and its answer. */
#pragma once
#include "probe.h"

struct evidence {
    uint32_t id; /* of the probe that it answers */
    struct digest digest;
    struct slice report; /* empty where the data is known to the server */
};

/* What an attestation is to be answered with. */
enum result_format { RESULT_INTEGRITY_TOKEN, RESULT_CLIENT_ASSERTION, RESULT_EAR, RESULT_FORMATS };
/* As "format" names it, and the answer's member. */
const char *result_format_name(enum result_format f);

enum { AUDIENCE_MAX = 256 };

struct attestation_request {
    uint8_t challenge[CHALLENGE_LEN];
    struct public_key instance_key; /* "jwk" */
    uint32_t evidence_count;
    struct evidence evidence[PROBES_MAX];
    enum result_format format;
    char audience[AUDIENCE_MAX + 1]; /* of a client assertion; "" otherwise */
};

/* Reports borrow from `message`. An id may occur once only (ST_INVALID). Unknown members and
 * formats are refused, and an audience where none belongs, or none where one does. */
enum status attestation_request_decode(const cJSON *message,
                                       struct attestation_request *out) MUST_USE;
enum status attestation_request_encode(const struct attestation_request *m,
                                       struct writer *w) MUST_USE;

enum { PINS_MAX = 8 };

struct attestation_response {
    enum result_format format;
    struct slice token;           /* of that format */
    int64_t expires_in;           /* seconds */
    uint32_t pin_count;           /* 0: nothing is said about pins */
    struct digest pins[PINS_MAX]; /* SHA-256 of the SubjectPublicKeyInfo (RFC 7469 §2.4) */
};
/* One token and no more. */
enum status attestation_response_decode(const cJSON *message,
                                        struct attestation_response *out) MUST_USE;
enum status attestation_response_encode(const struct attestation_response *m,
                                        struct writer *w) MUST_USE;
