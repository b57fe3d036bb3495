#include "report.h"
#include "verifier_facts.h"

/* Seccomp and dumpable vary among genuine processes: containers filter calls, and a process that
 * cannot be dumped is a careful one. They are told for whoever reads the report. */
static void judge_fact(struct appraisal *found, struct slice name, struct slice value)
{
    if (slice_is(name, "tracer") && !slice_is(value, "0"))
        claim_add(found, PROBE_DEBUGGER, CLAIM_TRACED, SLICE_LIT("process"),
                  (struct slice){ NULL, 0 });
}

static void judge(const struct question *q, struct slice report, struct appraisal *found)
{
    (void)q;
    facts_judge(found, PROBE_DEBUGGER, report, REPORT_DEBUGGER_NAMES, judge_fact);
}

const struct verifier VERIFIER_DEBUGGER = { .judge = judge };
