/* form: application/x-www-form-urlencoded, strictly: what the mediator decides
 * on must be what the upstream reads. */
#pragma once
#include "bytes.h"

enum { FORM_PARAMS_MAX = 64 };

/* raw is "name=value" as it came; name and value are decoded. */
struct form_param {
    struct slice raw;
    struct slice name;
    struct slice value;
};

struct form {
    size_t count;
    struct form_param params[FORM_PARAMS_MAX];
};

/* Decodes `text` using `scratch` (at least text.len bytes), from which names
 * and values borrow. ST_INVALID for a bad %XX, a control character (but tabs and
 * line breaks in the JSON of `authorization_details` and `claims`), invalid UTF-8, an empty name, a
 * parameter without '=' or one that occurs twice (RFC 6749 §3.2), except `resource` and `audience`
 * (RFC 8707, 8693); ST_TOO_LARGE for more than FORM_PARAMS_MAX. An empty text is an empty form. */
enum status form_parse(struct slice text, uint8_t *scratch, size_t cap, struct form *out) MUST_USE;

/* The first parameter of that name, or NULL. */
const struct form_param *form_find(const struct form *form, const char *name);

/* Appends [&]name=value, escaped as application/x-www-form-urlencoded. */
void form_append(struct writer *w, const char *name, struct slice value);
/* The escaping alone: client_id and secret inside Basic too (RFC 6749 §2.3.1). */
void form_escape(struct writer *w, struct slice text);
