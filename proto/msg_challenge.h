/* msg_challenge: POST /v1/challenges, its request and its answer. */
#pragma once
#include "probe.h"

enum { CLIENT_ID_MAX = 128 };

struct challenge_request {
    struct slice client_id;
    struct build_id build;
    struct digest jkt;
    struct slice previous; /* last integrity token, or empty */
};

/* Slices borrow from `message`. Unknown members are refused. */
enum status challenge_request_decode(const cJSON *message, struct challenge_request *out) MUST_USE;
enum status challenge_request_encode(const struct challenge_request *m, struct writer *w) MUST_USE;

struct challenge_response {
    uint8_t challenge[CHALLENGE_LEN];
    int64_t expires_in; /* seconds */
    uint32_t probe_count;
    struct probe probes[PROBES_MAX];
};

/* The client's side ignores members that it does not know. */
enum status challenge_response_decode(const cJSON *message,
                                      struct challenge_response *out) MUST_USE;
enum status challenge_response_encode(const struct challenge_response *m,
                                      struct writer *w) MUST_USE;

/* A client id: 1 to CLIENT_ID_MAX of the unreserved characters of RFC 3986,
 * and never "." or "..": it is a folder's name in the registry. */
bool client_id_ok(struct slice id);
