/* verifier_facts: reading reports of names and values. */
#pragma once
#include "verifier.h"

typedef void fact_fn(struct appraisal *found, struct slice name, struct slice value);

/* Calls fn with each fact. A report that is malformed, has another name or leaves one of the names
 * out, which end with NULL, is claimed to be malformed. */
void facts_judge(struct appraisal *found, enum probe_kind kind, struct slice report,
                 const char *const names[], fact_fn *fn);
