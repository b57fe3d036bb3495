#include "report.h"
#include "verifier_facts.h"

static void judge_fact(struct appraisal *found, struct slice name, struct slice value)
{
    if (value.len)
        claim_add(found, PROBE_PRELOAD, CLAIM_PRELOADED, name, value);
}

static void judge(const struct question *q, struct slice report, struct appraisal *found)
{
    (void)q;
    facts_judge(found, PROBE_PRELOAD, report, REPORT_PRELOAD_NAMES, judge_fact);
}

const struct verifier VERIFIER_PRELOAD = { .judge = judge };
