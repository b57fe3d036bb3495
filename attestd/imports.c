#include "imports.h"

#include <stdlib.h>
#include <string.h>

#include "elf_dynamic.h"

static const uint32_t END = UINT32_MAX;

/* A symbol that some module imports: open addressing over at least twice as many. */
struct name {
    struct slice text;     /* in a module's file; empty: free */
    uint32_t first_target; /* of a list, or END */
    bool own;
};

struct target {
    uint64_t value;
    uint32_t next;
    uint8_t module;
    bool anywhere; /* in that module: its address is what a function of it returns */
};

struct imports {
    uint32_t counts[MODULES_MAX];
    struct import_slot *slots[MODULES_MAX];
    size_t name_count; /* a power of two */
    struct name *names;
    uint32_t target_count, target_cap;
    struct target *targets;
};

struct making {
    const struct build *build;
    struct elf_dynamic files[MODULES_MAX];
    bool global[MODULES_MAX]; /* loaded along with the executable, and so in everybody's scope */
    struct imports *out;
};

void imports_free(struct imports *i)
{
    if (!i)
        return;
    for (size_t m = 0; m < MODULES_MAX; m++)
        free(i->slots[m]);
    free(i->names);
    free(i->targets);
    free(i);
}

/* FNV-1a. Who chose the names also chose to register them. */
static uint32_t hash_of(struct slice text)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ text.data[i]) * 16777619u;
    return hash;
}

/* Where the name is, or would be. */
static uint32_t name_index(const struct imports *i, struct slice text)
{
    size_t at = hash_of(text) & (i->name_count - 1);

    while (i->names[at].text.len && !slice_equal(i->names[at].text, text))
        at = (at + 1) & (i->name_count - 1);
    return (uint32_t)at;
}

static int by_place(const void *a, const void *b)
{
    uint32_t x = ((const struct import_slot *)a)->place, y = ((const struct import_slot *)b)->place;

    return (x > y) - (x < y);
}

/* Without those that come twice. */
static uint32_t sort_slots(struct import_slot *slots, uint32_t count)
{
    uint32_t kept = 0;

    if (count)
        qsort(slots, count, sizeof *slots, by_place);
    for (uint32_t i = 0; i < count; i++)
        if (kept == 0 || slots[kept - 1].place != slots[i].place)
            slots[kept++] = slots[i];
    return kept;
}

static bool can_be_asked(const struct elf_import *import)
{
    return import->place <= UINT32_MAX && import->place % sizeof(uint64_t) == 0;
}

static uint32_t count_imports(const struct elf_dynamic *d)
{
    uint64_t all = elf_relocation_count(d);
    struct elf_import import;
    uint32_t count = 0;

    for (uint64_t n = 0; n < all && count < END / 4; n++)
        count += elf_import_at(d, n, &import) && can_be_asked(&import);
    return count;
}

static enum status read_slots(struct making *m, size_t module)
{
    const struct elf_dynamic *d = &m->files[module];
    struct imports *out = m->out;
    struct elf_import import;
    uint32_t cap = count_imports(d), count = 0;
    struct import_slot *slots = calloc(cap + 1, sizeof *slots);

    if (!slots)
        return ST_NO_MEMORY;
    out->slots[module] = slots;
    for (uint64_t n = 0; count < cap; n++) {
        if (!elf_import_at(d, n, &import) || !can_be_asked(&import))
            continue;
        uint32_t name = name_index(out, import.symbol.name);
        out->names[name].text = import.symbol.name;
        slots[count++] = (struct import_slot){ .place = (uint32_t)import.place,
                                               .name = name,
                                               .weak = import.symbol.binding == STB_WEAK,
                                               .unbound_known = import.unbound_known,
                                               .unbound = import.unbound };
    }
    out->counts[module] = sort_slots(slots, count);
    return ST_OK;
}

static enum status add_target(struct imports *i, struct name *name, struct target target)
{
    if (i->target_count == i->target_cap) {
        uint32_t cap = i->target_cap ? 2 * i->target_cap : 64;
        struct target *more = realloc(i->targets, cap * sizeof *more);
        if (!more)
            return ST_NO_MEMORY;
        i->targets = more;
        i->target_cap = cap;
    }
    target.next = name->first_target;
    name->first_target = i->target_count;
    i->targets[i->target_count++] = target;
    return ST_OK;
}

/* A symbol with an address is a target even where it is not defined: an executable at a fixed
 * address has others call its own stub for a function whose address it takes. */
static enum status read_targets(struct making *m, size_t module)
{
    const struct elf_dynamic *d = &m->files[module];
    enum status st = ST_OK;

    for (uint32_t n = 1; n < elf_symbol_count(d) && !st; n++) {
        struct elf_symbol symbol;
        if (!elf_symbol_at(d, n, &symbol) || symbol.name.len == 0 || symbol.value == 0)
            continue;
        struct name *name = &m->out->names[name_index(m->out, symbol.name)];
        if (name->text.len == 0)
            continue; /* nobody imports it */
        st = add_target(m->out, name,
                        (struct target){ .value = symbol.value,
                                         .module = (uint8_t)module,
                                         .anywhere = symbol.type == STT_GNU_IFUNC });
        /* Weak ones and those of a version another library may have as well. */
        if (symbol.defined && symbol.binding == STB_GLOBAL && !symbol.versioned &&
            m->global[module])
            name->own = true;
    }
    return st;
}

static bool is_called(const struct making *m, size_t module, struct slice name)
{
    return slice_equal(elf_soname(&m->files[module]), name) ||
           slice_is(name, m->build->modules[module].name);
}

/* What the executable needs, and what that needs. */
static void find_global(struct making *m, size_t module)
{
    struct slice needed;

    if (m->global[module])
        return;
    m->global[module] = true;
    for (uint32_t n = 0; elf_needed_at(&m->files[module], n, &needed); n++)
        for (size_t i = 0; i < m->build->module_count; i++)
            if (is_called(m, i, needed))
                find_global(m, i);
}

static enum status make_names(struct making *m)
{
    uint64_t slots = 0;

    for (size_t i = 0; i < m->build->module_count; i++)
        slots += count_imports(&m->files[i]);
    m->out->name_count = 2;
    while (m->out->name_count < 2 * slots + 1)
        m->out->name_count *= 2;
    m->out->names = calloc(m->out->name_count, sizeof *m->out->names);
    if (!m->out->names)
        return ST_NO_MEMORY;
    for (size_t i = 0; i < m->out->name_count; i++)
        m->out->names[i].first_target = END;
    return ST_OK;
}

static enum status make(struct making *m)
{
    size_t count = m->build->module_count;
    const char *why;

    for (size_t i = 0; i < count; i++)
        if (elf_dynamic_read(m->build->modules[i].file, &m->files[i], &why))
            m->files[i] = (struct elf_dynamic){ .load_count = 0 };
    find_global(m, 0);
    enum status st = make_names(m);
    for (size_t i = 0; i < count && !st; i++)
        st = read_slots(m, i);
    for (size_t i = 0; i < count && !st; i++)
        st = read_targets(m, i);
    return st;
}

enum status imports_new(const struct build *build, struct imports **out)
{
    struct making *m = calloc(1, sizeof *m);
    struct imports *imports = calloc(1, sizeof *imports);
    enum status st = ST_NO_MEMORY;

    if (m && imports) {
        m->build = build;
        m->out = imports;
        st = make(m);
    }
    free(m);
    if (st)
        imports_free(imports);
    else
        *out = imports;
    return st;
}

uint32_t imports_count(const struct imports *i, size_t module)
{
    return i->counts[module];
}

const struct import_slot *imports_at(const struct imports *i, size_t module, uint32_t n)
{
    return &i->slots[module][n];
}

const struct import_slot *imports_find(const struct imports *i, size_t module, uint32_t place)
{
    const struct import_slot key = { .place = place };

    if (i->counts[module] == 0)
        return NULL;
    return bsearch(&key, i->slots[module], i->counts[module], sizeof key, by_place);
}

struct slice imports_symbol(const struct imports *i, const struct import_slot *slot)
{
    return i->names[slot->name].text;
}

bool imports_defines(const struct imports *i, const struct import_slot *slot, size_t module,
                     uint64_t offset)
{
    for (uint32_t t = i->names[slot->name].first_target; t != END; t = i->targets[t].next)
        if (i->targets[t].module == module &&
            (i->targets[t].anywhere || i->targets[t].value == offset))
            return true;
    return false;
}

bool imports_is_own(const struct imports *i, const struct import_slot *slot)
{
    return i->names[slot->name].own;
}
