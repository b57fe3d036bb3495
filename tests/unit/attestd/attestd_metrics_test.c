#include "attestd_metrics.h"

#include <criterion/criterion.h>

#include "samples.h"

static struct daemon_metrics *d;
static struct metrics *m;

static void setup(void)
{
    const struct daemon_metrics_options options = { .own = ATTESTD_METRICS,
                                                    .own_count = ATTESTD_METRIC_COUNT,
                                                    .threads = 1 };

    cr_assert_eq(daemon_metrics_new(&options, &d), ST_OK);
    m = daemon_metrics_of(d);
}

static void teardown(void)
{
    daemon_metrics_free(d);
}

TestSuite(attestd_metrics, .init = setup, .fini = teardown);

Test(attestd_metrics, challenges)
{
    static const char *const series[CHALLENGE_EVENT_COUNT] = {
        [CHALLENGE_ISSUED] = "vouchsafe_challenges_total{event=\"issued\"}",
        [CHALLENGE_CONSUMED] = "vouchsafe_challenges_total{event=\"consumed\"}",
        [CHALLENGE_UNKNOWN] = "vouchsafe_challenges_total{event=\"unknown\"}",
        [CHALLENGE_FAILED] = "vouchsafe_challenges_total{event=\"failed\"}"
    };

    for (int e = 0; e < CHALLENGE_EVENT_COUNT; e++) {
        cr_assert_eq(sample(m, series[e]), 0);
        count_challenge(metrics_meter(m, 0), (enum challenge_event)e);
        cr_assert_eq(sample(m, series[e]), 1);
    }
}

Test(attestd_metrics, appraisals_and_each_probe_that_failed)
{
    const struct appraisal found = { .claim_count = 4,
                                     .claims = { { PROBE_MEMORY, "a", CLAIM_DIFFERS, "" },
                                                 { PROBE_FILE, "a", CLAIM_PASSED, "" },
                                                 { PROBE_MEMORY, "b", CLAIM_DIFFERS, "" },
                                                 { PROBE_FILE, "b", CLAIM_MISSING, "" } } };

    count_appraisal(metrics_meter(m, 0), &POLICY_DEFAULT, &found, false);
    count_appraisal(metrics_meter(m, 0), &POLICY_DEFAULT, &(struct appraisal){ .known = true },
                    true);
    count_appraisal(metrics_meter(m, 0), &POLICY_DEFAULT, &(struct appraisal){ .known = true },
                    true);
    cr_assert_eq(sample(m, "vouchsafe_attestations_total{verdict=\"refused\"}"), 1);
    cr_assert_eq(sample(m, "vouchsafe_attestations_total{verdict=\"accepted\"}"), 2);
    cr_assert_eq(sample(m, "vouchsafe_probe_failures_total{kind=\"memory\",result=\"differs\"}"),
                 2);
    cr_assert_eq(sample(m, "vouchsafe_probe_failures_total{kind=\"file\",result=\"missing\"}"), 1);
    cr_assert_eq(sample(m, "vouchsafe_probe_failures_total{kind=\"file\",result=\"passed\"}"), -1);
}
