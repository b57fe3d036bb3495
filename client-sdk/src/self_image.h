/* self_image: the modules of this process, as the loader mapped them. */
#pragma once
#include <link.h>

#include "elf_image.h"
#include "probe.h"

struct self_module {
    struct build_id build_id;
    char path[256]; /* of its file, as the loader names it */
    uintptr_t bias; /* its addresses less those in its file */
    uint32_t span_count;
    struct {
        uintptr_t start, end;
    } spans[ELF_SEGMENTS_MAX]; /* PT_LOAD, all of it */
    uint32_t segment_count;
    struct {
        const uint8_t *start;     /* mapped */
        size_t len;               /* of the part that comes from the file */
    } segments[ELF_SEGMENTS_MAX]; /* PT_LOAD without write, in program header order */
};

/* The executable: ST_UNSUPPORTED if it has no build-id. */
enum status self_executable(struct self_module *out) MUST_USE;

/* The module that has the address in one of its segments; false if none has. */
bool self_find(uintptr_t address, struct self_module *out);

/* Calls fn with the loaded module of that build-id, while the loader keeps it from
 * being unloaded, and returns what fn does; ST_NOT_FOUND if there is none. */
typedef enum status self_module_fn(const struct self_module *module, void *arg);
enum status self_visit(const struct build_id *id, self_module_fn *fn, void *arg) MUST_USE;
