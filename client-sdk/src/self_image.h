/* self_image: the modules of this process, as the loader mapped them. */
#pragma once
#include <link.h>

#include "elf_image.h"
#include "probe.h"

struct self_module {
    struct build_id build_id;
    char path[256]; /* of its file */
    uint32_t segment_count;
    struct {
        const uint8_t *start;     /* mapped */
        size_t len;               /* of the part that comes from the file */
    } segments[ELF_SEGMENTS_MAX]; /* PT_LOAD without write, in program header order */
};

/* The executable: ST_UNSUPPORTED if it has no build-id. */
enum status self_executable(struct self_module *out) MUST_USE;

/* The loaded module of that build-id, or ST_NOT_FOUND. */
enum status self_find(const struct build_id *id, struct self_module *out) MUST_USE;
