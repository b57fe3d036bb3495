/* audit: one line in the log for every verdict, with every reason. */
#pragma once
#include "appraise.h"
#include "log.h"
#include "msg_error.h"
#include "token.h"

/* An id that is told to the client and finds the reasons in the log. */
struct error_id {
    char text[ERROR_ID_LEN + 1];
};
struct error_id error_id_draw(void);

/* What is known of an attestation when its verdict falls. Unknown texts are
 * empty, an unknown build or streak NULL. */
struct audit {
    struct slice request_id;
    struct slice peer;
    struct slice client_id;
    const struct build *build;
    const struct digest *jkt;
    const struct streak *streak;
    const char *format; /* that was asked for */
};
void audit_accepted(struct log *log, const struct audit *a, const char *reasons);
void audit_refused(struct log *log, const struct audit *a, const struct error_id *id,
                   const char *reasons);
