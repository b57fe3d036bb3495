/* process: what a daemon gives up and asks for before it serves. */
#pragma once
#include "bytes.h"

/* New files for us alone, no core dumps, a gone peer is no signal, and as many
 * descriptors and locked pages as the system lets us have. */
void process_prepare(void);

/* Becomes `user` for good; ST_NOT_FOUND, ST_DENIED. */
enum status process_become(const char *user) MUST_USE;

/* Memory that nobody of this user may read or trace, and no way to more rights.
 * After process_become, which would open it again. */
void process_seal(void);
