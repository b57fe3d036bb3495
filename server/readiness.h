/* readiness: whether a daemon can serve, which each worker knows of itself and any may tell. */
#pragma once
#include <stdbool.h>

#include "clock.h"
#include "status.h"

/* How often a worker says how it is, and how long that is believed: one that hangs says nothing. */
enum { READINESS_EVERY_MS = 250, READINESS_STALE_MS = 5000 };

struct readiness;
/* ST_NO_MEMORY. Safe across threads, as all below. The clock is borrowed. */
enum status readiness_new(unsigned workers, const struct clock *clock,
                          struct readiness **out) MUST_USE;
void readiness_free(struct readiness *r);
/* A worker says whether it could serve. */
void readiness_tell(struct readiness *r, unsigned worker, bool ready);
/* From here on it serves nobody new. */
void readiness_end(struct readiness *r);
/* Whether every worker has said yes, lately. */
bool readiness_all(const struct readiness *r);
