#include <stdlib.h>
#include <string.h>

#include "imports.h"
#include "origin.h"
#include "report.h"
#include "verifier.h"

enum { SYMBOL_SHOWN = 96 };

/* A module of the report. */
struct named {
    enum origin origin;
    size_t module; /* of the build, where it is registered */
    struct slice path;
};

struct judging {
    const struct question *question;
    const struct imports *imports;
    struct appraisal *found;
    uint32_t named_count;
    struct named named[PROBE_BLOCKS_MAX];
    bool answered[PROBE_BLOCKS_MAX];
};

static uint64_t count(const struct build *build, size_t module)
{
    return imports_count(build_imports(build), module);
}

static uint32_t number(const struct build *build, size_t module, uint32_t n)
{
    return imports_at(build_imports(build), module, n)->place;
}

static const struct module *asked_module(const struct judging *j)
{
    return &j->question->build->modules[j->question->module];
}

static void add(struct judging *j, const struct import_slot *slot, enum claim_result result,
                struct slice detail)
{
    uint8_t text[SYMBOL_SHOWN + MODULE_NAME_MAX + 8];
    struct writer w = writer_over(text, sizeof text);
    struct slice symbol = imports_symbol(j->imports, slot);

    if (symbol.len > SYMBOL_SHOWN)
        symbol.len = SYMBOL_SHOWN;
    writer_put(&w, symbol);
    writer_text(&w, " in ");
    writer_text(&w, asked_module(j)->name);
    claim_add(j->found, PROBE_IMPORTS, result, writer_slice(&w), detail);
}

/* The place in the probe of the slot that was asked; -1 if it was not. */
static int asked_index(const struct probe *probe, uint32_t place)
{
    for (uint32_t i = 0; i < probe->block_count; i++)
        if (probe->blocks[i] == place)
            return (int)i;
    return -1;
}

static bool leads_home(const struct judging *j, const struct import_slot *slot,
                       const struct named *named, uint64_t offset)
{
    if (named->module == j->question->module && slot->unbound_known && offset == slot->unbound)
        return true;
    return imports_defines(j->imports, slot, named->module, offset);
}

/* Into a registered module only to where the symbol is. Elsewhere no file says where it is, but it
 * must be the system's, and not a symbol that the app has itself. */
static void judge_slot(struct judging *j, const struct import_slot *slot, const struct named *named,
                       uint64_t offset)
{
    bool own = imports_is_own(j->imports, slot);
    struct slice path = named->path;

    switch (named->origin) {
    case ORIGIN_REGISTERED:
        if (leads_home(j, slot, named, offset))
            return;
        path = slice_of(j->question->build->modules[named->module].name);
        break;
    case ORIGIN_KERNEL:
    case ORIGIN_SYSTEM:
        if (!own)
            return;
        break;
    case ORIGIN_FOREIGN:
        if (!own) {
            add(j, slot, CLAIM_REDIRECTED_ALIEN, path);
            return;
        }
        break;
    case ORIGIN_NONE:
        break;
    }
    add(j, slot, CLAIM_REDIRECTED, path);
}

static enum status judge_answer(struct judging *j, const struct report_import *line)
{
    const struct probe *probe = j->question->probe;
    int asked = asked_index(probe, line->slot);
    const struct import_slot *slot =
        asked < 0 ? NULL : imports_find(j->imports, j->question->module, line->slot);

    if (!slot || j->answered[asked] ||
        (line->what == REPORT_SLOT && line->module >= j->named_count))
        return ST_INVALID;
    j->answered[asked] = true;
    if (line->what == REPORT_SLOT)
        judge_slot(j, slot, &j->named[line->module], line->offset);
    else if (!slot->weak)
        add(j, slot, CLAIM_REDIRECTED, SLICE_LIT("nowhere"));
    return ST_OK;
}

static enum status judge_line(struct judging *j, const struct report_import *line)
{
    if (line->what != REPORT_MODULE)
        return judge_answer(j, line);
    if (j->named_count == PROBE_BLOCKS_MAX)
        return ST_INVALID;
    struct named *named = &j->named[j->named_count++];
    *named = (struct named){ .path = line->path };
    named->origin = origin_of(j->question->build, &line->build_id, line->path, &named->module);
    return ST_OK;
}

static enum status judge_all(struct judging *j, struct slice report)
{
    struct report_import line;
    enum status st;

    while (!(st = report_import_next(&report, &line))) {
        st = judge_line(j, &line);
        if (st)
            return st;
    }
    for (uint32_t i = 0; i < j->question->probe->block_count; i++)
        if (!j->answered[i])
            return ST_INVALID;
    return st == ST_NOT_FOUND ? ST_OK : st;
}

static void judge(const struct question *q, struct slice report, struct appraisal *found)
{
    struct judging j = { .question = q, .imports = build_imports(q->build), .found = found };

    if (judge_all(&j, report))
        claim_add(found, PROBE_IMPORTS, CLAIM_MALFORMED, slice_of(asked_module(&j)->name),
                  (struct slice){ NULL, 0 });
}

const struct verifier VERIFIER_IMPORTS = { .count = count, .number = number, .judge = judge };
