/* imports: where the import slots of a build's modules may lead to, worked out from its files. */
#pragma once
#include "registry.h"

struct import_slot {
    uint32_t place; /* from the module's load bias; what is larger is not asked */
    uint32_t name;  /* of the symbol, within struct imports */
    bool weak;      /* it may lead nowhere */
    bool unbound_known;
    uint64_t unbound; /* it may lead there in its own module, before its first call */
};

struct imports;
/* Of a build that lives as long as they do. ST_NO_MEMORY. A file without a dynamic section that
 * can be read has none (attestctl refuses those that are malformed). */
enum status imports_new(const struct build *build, struct imports **out) MUST_USE;
void imports_free(struct imports *i);

/* Slots of the module of that number, by place. */
uint32_t imports_count(const struct imports *i, size_t module);
const struct import_slot *imports_at(const struct imports *i, size_t module, uint32_t n);
/* NULL if there is none at that place. */
const struct import_slot *imports_find(const struct imports *i, size_t module, uint32_t place);

/* The symbol's name. */
struct slice imports_symbol(const struct imports *i, const struct import_slot *slot);
/* Whether that module of the build has the symbol at that offset from its load bias. */
bool imports_defines(const struct imports *i, const struct import_slot *slot, size_t module,
                     uint64_t offset);
/* Whether the loader finds the symbol in the build itself, whatever other libraries have. */
bool imports_is_own(const struct imports *i, const struct import_slot *slot);
