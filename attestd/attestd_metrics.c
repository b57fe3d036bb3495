#include "attestd_metrics.h"

enum { CHALLENGES = METRICS_OWN, ATTESTATIONS, PROBE_FAILURES, RECORDS };
enum { LOST, WRITTEN };
enum { REFUSED, ACCEPTED };

static const char *const challenge_words[CHALLENGE_EVENT_COUNT] = { [CHALLENGE_ISSUED] = "issued",
                                                                    [CHALLENGE_CONSUMED] =
                                                                        "consumed",
                                                                    [CHALLENGE_UNKNOWN] = "unknown",
                                                                    [CHALLENGE_FAILED] = "failed" };
static const char *const verdict_words[] = { [REFUSED] = "refused", [ACCEPTED] = "accepted" };
static const char *const result_words[] = {
    [CLAIM_PASSED] = "passed", [CLAIM_MISSING] = "missing", [CLAIM_DIFFERS] = "differs"
};

static const char *const record_words[] = { [LOST] = "lost", [WRITTEN] = "written" };

static const char *kind_word(const void *none, size_t kind)
{
    (void)none;
    return probe_kind_name((enum probe_kind)kind);
}

const struct metric ATTESTD_METRICS[ATTESTD_METRIC_COUNT] = {
    [CHALLENGES - METRICS_OWN] = { "vouchsafe_challenges_total",
                                   "What became of challenges.",
                                   METRIC_COUNTER,
                                   { METRIC_WORDS("event", challenge_words) } },
    [ATTESTATIONS - METRICS_OWN] = { "vouchsafe_attestations_total",
                                     "Appraisals, by verdict.",
                                     METRIC_COUNTER,
                                     { METRIC_WORDS("verdict", verdict_words) } },
    [PROBE_FAILURES - METRICS_OWN] = { "vouchsafe_probe_failures_total",
                                       "Probes not answered, or answered wrongly.",
                                       METRIC_COUNTER,
                                       { { "kind", PROBE_KIND_COUNT, kind_word, NULL },
                                         METRIC_WORDS("result", result_words) } },
    [RECORDS - METRICS_OWN] = { "vouchsafe_records_total",
                                "Appraisals written down, or lost for want of room.",
                                METRIC_COUNTER,
                                { METRIC_WORDS("outcome", record_words) } },
};

void count_challenge(struct meter *meter, enum challenge_event event)
{
    meter_add(meter, CHALLENGES, METRIC_AT(event), 1);
}

void count_appraisal(struct meter *meter, const struct appraisal *found, bool accepted)
{
    meter_add(meter, ATTESTATIONS, METRIC_AT(accepted ? ACCEPTED : REFUSED), 1);
    for (uint32_t i = 0; i < found->claim_count; i++)
        if (found->claims[i].result != CLAIM_PASSED)
            meter_add(meter, PROBE_FAILURES,
                      METRIC_AT(found->claims[i].kind, found->claims[i].result), 1);
}

void count_record(struct meter *meter, bool written)
{
    meter_add(meter, RECORDS, METRIC_AT(written ? WRITTEN : LOST), 1);
}
