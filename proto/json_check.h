/* json_check: one pass over JSON text that accepts what RFC 8259 and I-JSON
 * (RFC 7493) allow and nothing else. cJSON, which builds the tree afterwards,
 * is lax: it takes bad UTF-8, lone surrogates, leading zeros and more. */
#pragma once
#include "json.h"

/* ST_INVALID, ST_TOO_LARGE, or ST_OK if `text` is exactly one object, with
 * white space around it. Duplicate members are not looked for here. */
enum status json_check(struct slice text, const struct json_limits *limits) MUST_USE;
