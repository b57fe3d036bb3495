/* client_assertion: the claims of a JWT by which an OAuth client authenticates itself
 * (RFC 7523 §3), whoever signs it. */
#pragma once
#include "json.h"

#define CLIENT_ASSERTION_TYP "JWT"
/* The value of client_assertion_type (RFC 7523 §2.2). */
#define CLIENT_ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

struct client_assertion {
    struct slice client_id; /* iss and sub */
    struct slice audience;
    int64_t issued_at, expires_at; /* seconds since the epoch */
};

/* Writes the claims' JSON, with a random jti. ST_TOO_LARGE. */
enum status client_assertion_encode(const struct client_assertion *c, struct writer *w) MUST_USE;
