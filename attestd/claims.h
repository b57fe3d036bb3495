/* claims: how an appraisal comes by its claims. */
#pragma once
#include "policy.h"

/* Nothing known and nothing claimed. Claims that are not there yet are left as they are: they would
 * be the most of it. */
void appraisal_begin(struct appraisal *found);

/* Adds one. Of those that are alike in kind and result CLAIM_ALIKE_MAX are kept, and none twice.
 * Of a subject or detail that is too long the end is kept: it tells more of a path. */
void claim_add(struct appraisal *found, enum probe_kind kind, enum claim_result result,
               struct slice subject, struct slice detail);
