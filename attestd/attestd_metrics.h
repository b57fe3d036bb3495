/* attestd_metrics: what attestd counts of its own. */
#pragma once
#include "appraise.h"
#include "daemon_metrics.h"

enum challenge_event {
    CHALLENGE_ISSUED,
    CHALLENGE_CONSUMED,
    CHALLENGE_UNKNOWN, /* expired or consumed before */
    CHALLENGE_FAILED,  /* the store did not do it */
    CHALLENGE_EVENT_COUNT
};

enum { ATTESTD_METRIC_COUNT = 4 };
extern const struct metric ATTESTD_METRICS[ATTESTD_METRIC_COUNT];

void count_challenge(struct meter *meter, enum challenge_event event);
/* An appraisal and its verdict: and each probe that failed, even where that is only reported. */
void count_appraisal(struct meter *meter, const struct appraisal *found, bool accepted);
/* A recorded appraisal, or one that could not be written down. */
void count_record(struct meter *meter, bool written);
