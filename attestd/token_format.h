/* token_format: the formats that an attestation may be answered with. A new one is one file and
 * one row. */
#pragma once
#include "msg_attestation.h"
#include "token.h"

/* ST_DENIED if the app may not ask for this: only audiences of its own are vouched for. */
enum status token_format_allowed(enum result_format format, const struct token_request *r) MUST_USE;

/* Appends the token, which lives for *lifetime seconds. ST_TOO_LARGE past INTEGRITY_TOKEN_MAX. */
enum status token_format_mint(enum result_format format, const struct token_request *r,
                              struct writer *w, int64_t *lifetime) MUST_USE;

/* Whether every token of every app fits, in every format; otherwise ST_TOO_LARGE and `why`. */
enum status token_formats_fit(const struct registry *registry, struct slice issuer, char *why,
                              size_t why_cap) MUST_USE;
