/* refresh: refresh tokens on their way through: they leave sealed for the instance
 * that they were granted to (see seal), and only that instance brings them back. */
#pragma once
#include "request.h"

/* Opens what the form brings sealed: refresh_token, and token, subject_token and
 * actor_token (RFC 7009, 7662, 8693). False after the request has been refused. */
bool refresh_open(struct request *r);

/* A forward_fn: hands on the answer of a token endpoint with its refresh token sealed.
 * Everything else stays byte for byte. */
void refresh_answer(struct request *r, enum status st, const struct http_response *response);
