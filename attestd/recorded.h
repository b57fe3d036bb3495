/* recorded: one appraisal as a line of JSON: what was found and how it was decided, so that another
 * policy can be tried on it. Claims and names, no evidence and no secret. */
#pragma once
#include "base64url.h"
#include "registry.h"

enum { RECORDED_LINE_MAX = 8 * 1024 };

struct recorded {
    int64_t time; /* seconds since the epoch */
    char client_id[CLIENT_ID_MAX + 1];
    char build[BUILD_ID_TEXT_MAX + 1];
    char version[LABEL_MAX + 1];
    char jkt[BASE64URL_LEN(SHA256_LEN) + 1];
    bool accepted;
    struct appraisal found;
    char subjects[PROBES_MAX][MODULE_NAME_MAX + 1]; /* what found's claims name, once decoded */
};

/* With a newline. ST_TOO_LARGE. */
enum status recorded_encode(const struct recorded *r, struct writer *w) MUST_USE;
/* Without one. ST_INVALID for what is none; found is of a known build. */
enum status recorded_decode(struct slice line, struct recorded *out) MUST_USE;
