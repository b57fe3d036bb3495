/* appraise: evidence against what the registered build would have answered. */
#pragma once
#include "draw.h"
#include "msg_attestation.h"

/* Fills found->claims and found->unasked. */
void appraise_evidence(const struct drawn *asked, const struct attestation_request *answer,
                       const struct digest *jkt, struct appraisal *found);
