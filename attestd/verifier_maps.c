#include "origin.h"
#include "report.h"
#include "verifier.h"

struct judging {
    const struct build *build;
    struct appraisal *found;
    struct slice paths[MODULES_MAX]; /* where each module was found first */
};

static void add(struct judging *j, enum claim_result result, struct slice subject)
{
    claim_add(j->found, PROBE_MAPS, result, subject, (struct slice){ NULL, 0 });
}

/* A build-id is easily written into another file, but then there are two that have it. */
static bool is_second(struct judging *j, size_t module, struct slice path)
{
    if (j->paths[module].len == 0)
        j->paths[module] = path;
    return !slice_equal(j->paths[module], path);
}

static void judge_mapping(struct judging *j, const struct report_mapping *m)
{
    size_t module = 0;
    enum origin origin = origin_of(j->build, &m->build_id, m->path, &module);
    struct slice subject = m->path;

    if (origin == ORIGIN_REGISTERED && is_second(j, module, m->path))
        origin = ORIGIN_FOREIGN;
    if (origin == ORIGIN_REGISTERED)
        subject = slice_of(j->build->modules[module].name);
    if (origin == ORIGIN_NONE) {
        add(j, CLAIM_ANONYMOUS, subject);
        return;
    }
    if (m->writable)
        add(j, CLAIM_WRITABLE, subject);
    if (m->altered)
        add(j, CLAIM_ALTERED, subject);
    if (origin == ORIGIN_FOREIGN)
        add(j, CLAIM_FOREIGN, subject);
    if (origin == ORIGIN_SYSTEM)
        add(j, CLAIM_SYSTEM, subject);
}

/* The executable at least is mapped: a report that does not say so leaves things out. */
static void judge(const struct question *q, struct slice report, struct appraisal *found)
{
    struct judging j = { .build = q->build, .found = found };
    struct report_mapping mapping;
    enum status st;

    while (!(st = report_mapping_next(&report, &mapping)))
        judge_mapping(&j, &mapping);
    if (st != ST_NOT_FOUND || j.paths[0].len == 0)
        add(&j, CLAIM_MALFORMED, SLICE_LIT("process"));
}

const struct verifier VERIFIER_MAPS = { .judge = judge };
