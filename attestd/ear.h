/* ear: the result of an appraisal for relying parties that know no OAuth: an EAT Attestation
 * Result (draft-ietf-rats-ear-04) as a JWT. */
#pragma once
#include "token.h"

/* RFC 9782 §5: the media type without "application/". */
#define EAR_TYP     "eat+jwt"
#define EAR_PROFILE "tag:ietf.org,2026:rats/ear#04"

/* Appends the compact token. ST_TOO_LARGE. */
enum status ear_mint(const struct token_request *request, struct writer *w) MUST_USE;
/* How long the longest one can be. */
size_t ear_len_max(const struct token_request *request);
