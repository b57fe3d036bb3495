/* msg_error: the JSON body of every refusal (RFC 6749 §5.2 members). */
#pragma once
#include "json.h"

enum { ERROR_ID_LEN = 22 }; /* base64url of 16 random bytes */

struct error_message {
    struct slice error;       /* a code such as "invalid_request" */
    struct slice description; /* for people, or empty */
    struct slice error_id;    /* finds the reason in the audit log, or empty */
};
enum status error_message_decode(const cJSON *message, struct error_message *out) MUST_USE;
enum status error_message_encode(const struct error_message *m, struct writer *w) MUST_USE;
