#include "self_image.h"

#define EXECUTABLE_PATH "/proc/self/exe"

static void add_segment(const struct dl_phdr_info *info, const ElfW(Phdr) * header,
                        struct self_module *out)
{
    if (header->p_flags & PF_W || !(header->p_flags & PF_R) || header->p_filesz == 0 ||
        out->segment_count == ELF_SEGMENTS_MAX)
        return;
    /* The loader says where as a number. */
    out->segments[out->segment_count].start = (const uint8_t *)(info->dlpi_addr + header->p_vaddr);
    out->segments[out->segment_count++].len = header->p_filesz;
}

static void add_span(const struct dl_phdr_info *info, const ElfW(Phdr) * header,
                     struct self_module *out)
{
    if (out->span_count == ELF_SEGMENTS_MAX)
        return;
    out->spans[out->span_count].start = info->dlpi_addr + header->p_vaddr;
    out->spans[out->span_count++].end = info->dlpi_addr + header->p_vaddr + header->p_memsz;
}

static void describe(const struct dl_phdr_info *info, struct self_module *out)
{
    const char *path = info->dlpi_name && info->dlpi_name[0] ? info->dlpi_name : EXECUTABLE_PATH;

    *out = (struct self_module){ 0 };
    if (slice_copy_text(slice_of(path), out->path, sizeof out->path))
        out->path[0] = '\0'; /* a file probe of it will fail */
    out->bias = info->dlpi_addr;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type == PT_LOAD) {
            add_segment(info, header, out);
            add_span(info, header, out);
        }
        if (header->p_type == PT_NOTE && out->build_id.len == 0)
            elf_notes_build_id((struct slice){ (const uint8_t *)(info->dlpi_addr + header->p_vaddr),
                                               header->p_memsz },
                               header->p_align, &out->build_id);
    }
}

/* The executable comes first, and so with a name of "" (dl_iterate_phdr(3)). */
static int first(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)size;
    describe(info, arg);
    return 1;
}

enum status self_executable(struct self_module *out)
{
    *out = (struct self_module){ 0 };
    dl_iterate_phdr(first, out);
    return out->build_id.len ? ST_OK : ST_UNSUPPORTED;
}

struct place {
    uintptr_t address;
    struct self_module *out;
};

static int describe_if_covering(struct dl_phdr_info *info, size_t size, void *arg)
{
    const struct place *place = arg;

    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type != PT_LOAD ||
            place->address - info->dlpi_addr - header->p_vaddr >= header->p_memsz)
            continue;
        describe(info, place->out);
        return 1;
    }
    return 0;
}

bool self_find(uintptr_t address, struct self_module *out)
{
    struct place place = { address, out };

    return dl_iterate_phdr(describe_if_covering, &place) != 0;
}

struct search {
    const struct build_id *id;
    self_module_fn *fn;
    void *arg;
    enum status st;
};

static int visit_if_wanted(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct search *search = arg;
    struct self_module module;

    (void)size;
    describe(info, &module);
    if (module.build_id.len == 0 || !build_id_equal(&module.build_id, search->id))
        return 0;
    search->st = search->fn(&module, search->arg);
    return 1;
}

enum status self_visit(const struct build_id *id, self_module_fn *fn, void *arg)
{
    struct search search = { .id = id, .fn = fn, .arg = arg, .st = ST_NOT_FOUND };

    dl_iterate_phdr(visit_if_wanted, &search);
    return search.st;
}
