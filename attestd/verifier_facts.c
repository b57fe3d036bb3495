#include "verifier_facts.h"

#include "report.h"

enum { NAMES_MAX = 8 };

static enum status read_all(struct appraisal *found, struct slice report, const char *const names[],
                            bool seen[static NAMES_MAX], fact_fn *fn)
{
    struct report_fact fact;
    enum status st;

    while (!(st = report_fact_next(&report, &fact))) {
        size_t i = 0;
        while (names[i] && !slice_is(fact.name, names[i]))
            i++;
        if (!names[i])
            return ST_INVALID;
        seen[i] = true;
        fn(found, fact.name, fact.value);
    }
    return st == ST_NOT_FOUND ? ST_OK : st;
}

void facts_judge(struct appraisal *found, enum probe_kind kind, struct slice report,
                 const char *const names[], fact_fn *fn)
{
    bool seen[NAMES_MAX] = { false };
    enum status st = read_all(found, report, names, seen, fn);

    for (size_t i = 0; names[i] && !st; i++)
        if (!seen[i])
            st = ST_INVALID;
    if (st)
        claim_add(found, kind, CLAIM_MALFORMED, SLICE_LIT("process"), (struct slice){ NULL, 0 });
}
