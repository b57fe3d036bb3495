/* explanation: what the reasons in the audit log mean, and what its operator may do. */
#pragma once
#include "bytes.h"

struct explanation {
    const char *meaning;
    const char *advice;
};

/* Of one reason, as policy_decide and the routes word them. There is one for every text. */
struct explanation explanation_of(struct slice reason);
