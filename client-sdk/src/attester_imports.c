#include <string.h>

#include "attester.h"
#include "report.h"
#include "self_maps.h"

static const uint32_t UNKNOWN = UINT32_MAX;

struct target {
    uintptr_t address;
    uint32_t module; /* its number in the report; UNKNOWN as long as it is */
    uint64_t offset;
};

/* What a module of the report is known by: where it begins, and who says what it is called. */
struct named {
    uintptr_t start;
    bool by_kernel;
};

struct resolving {
    const struct probe *probe;
    struct writer *report;
    struct target targets[PROBE_BLOCKS_MAX];
    uint32_t module_count;
    struct named modules[PROBE_BLOCKS_MAX];
};

/* ST_NOT_FOUND if the module has no such slot: whoever asks may be hostile. */
static enum status read_slot(const struct self_module *module, uint32_t place, uintptr_t *out)
{
    uintptr_t at = module->bias + place;

    for (uint32_t i = 0; i < module->span_count; i++)
        if (at >= module->spans[i].start && at < module->spans[i].end &&
            module->spans[i].end - at >= sizeof *out && at % sizeof *out == 0) {
            /* The loader may be binding it in another thread. */
            *out = __atomic_load_n((const uintptr_t *)at, __ATOMIC_RELAXED);
            return ST_OK;
        }
    return ST_NOT_FOUND;
}

static enum status read_slots(const struct self_module *module, void *arg)
{
    struct resolving *r = arg;
    enum status st = ST_OK;

    for (uint32_t i = 0; i < r->probe->block_count && !st; i++) {
        r->targets[i].module = UNKNOWN;
        st = read_slot(module, r->probe->blocks[i], &r->targets[i].address);
    }
    return st;
}

/* The number of a module, which is written to the report when it first comes up. */
static uint32_t module_number(struct resolving *r, struct named named, const struct build_id *id,
                              struct slice path)
{
    for (uint32_t i = 0; i < r->module_count; i++)
        if (r->modules[i].start == named.start && r->modules[i].by_kernel == named.by_kernel)
            return i;
    report_import_write(
        r->report, &(struct report_import){ .what = REPORT_MODULE, .build_id = *id, .path = path });
    r->modules[r->module_count] = named;
    return r->module_count++;
}

/* Variables without a value in the file are in memory of no file, of which only the loader knows
 * whose it is; what a file is called the kernel says. */
static void resolve(struct resolving *r, const struct maps_entry *entry, struct target *target)
{
    struct self_module module = { .build_id.len = 0, .bias = entry->start };
    struct named named = { entry->start, true };
    struct slice path = entry->path;

    if (self_find(target->address, &module))
        named.start = module.spans[0].start;
    if (path.len == 0) {
        named.by_kernel = false;
        path = module.span_count ? slice_of(module.path) : SLICE_LIT("[anonymous]");
    }
    target->module = module_number(r, named, &module.build_id, path);
    target->offset = target->address - module.bias;
}

static enum status resolve_all(struct resolving *r, struct maps_reader *maps)
{
    struct maps_entry entry;
    enum status st;

    while (!(st = maps_next(maps, &entry)))
        for (uint32_t i = 0; i < r->probe->block_count; i++)
            if (r->targets[i].address >= entry.start && r->targets[i].address < entry.end)
                resolve(r, &entry, &r->targets[i]);
    return st == ST_NOT_FOUND ? ST_OK : ST_IO;
}

static void write_slot(struct resolving *r, uint32_t i)
{
    static const struct build_id none = { .len = 0 };
    struct target *target = &r->targets[i];
    struct report_import line = { .what = REPORT_EMPTY_SLOT, .slot = r->probe->blocks[i] };

    if (target->address) {
        line.what = REPORT_SLOT;
        if (target->module == UNKNOWN)
            target->module =
                module_number(r, (struct named){ 0, false }, &none, SLICE_LIT("[unmapped]"));
        line.module = target->module;
        line.offset = target->offset;
    }
    report_import_write(r->report, &line);
}

enum status attester_imports(const struct probe *probe, struct writer *report)
{
    struct resolving r = { .probe = probe, .report = report };
    struct maps_reader maps;
    enum status st = self_visit(&probe->module, read_slots, &r);

    if (st)
        return st;
    st = maps_open(&maps);
    if (st)
        return st;
    st = resolve_all(&r, &maps);
    maps_close(&maps);
    for (uint32_t i = 0; i < probe->block_count && !st; i++)
        write_slot(&r, i);
    return st;
}
