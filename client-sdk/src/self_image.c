#include "self_image.h"

#include <string.h>

#define EXECUTABLE_PATH "/proc/self/exe"

static size_t align4(size_t n)
{
    return (n + 3) & ~(size_t)3;
}

/* Notes that the loader mapped; the linker made them, so they are well formed. Still bounded. */
static void find_build_id(const uint8_t *notes, size_t len, struct build_id *out)
{
    ElfW(Nhdr) note;
    size_t at = 0;

    while (len - at >= sizeof note) {
        memcpy(&note, notes + at, sizeof note);
        size_t name = at + sizeof note;
        if (note.n_namesz > len || note.n_descsz > len)
            return;
        size_t desc = name + align4(note.n_namesz);
        if (desc > len || note.n_descsz > len - desc)
            return;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
            memcmp(notes + name, "GNU", 4) == 0 && note.n_descsz >= BUILD_ID_MIN &&
            note.n_descsz <= BUILD_ID_MAX) {
            out->len = (uint8_t)note.n_descsz;
            memcpy(out->bytes, notes + desc, note.n_descsz);
            return;
        }
        at = desc + align4(note.n_descsz);
        if (at > len)
            return;
    }
}

static void add_segment(const struct dl_phdr_info *info, const ElfW(Phdr) * header,
                        struct self_module *out)
{
    if (header->p_flags & PF_W || header->p_filesz == 0 || out->segment_count == ELF_SEGMENTS_MAX)
        return;
    /* The loader says where as a number. */
    out->segments[out->segment_count].start = (const uint8_t *)(info->dlpi_addr + header->p_vaddr);
    out->segments[out->segment_count++].len = header->p_filesz;
}

static void describe(const struct dl_phdr_info *info, struct self_module *out)
{
    const char *path = info->dlpi_name && info->dlpi_name[0] ? info->dlpi_name : EXECUTABLE_PATH;

    *out = (struct self_module){ 0 };
    if (slice_copy_text(slice_of(path), out->path, sizeof out->path))
        out->path[0] = '\0'; /* a file probe of it will fail */
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type == PT_LOAD)
            add_segment(info, header, out);
        if (header->p_type == PT_NOTE && out->build_id.len == 0)
            find_build_id((const uint8_t *)(info->dlpi_addr + header->p_vaddr), header->p_memsz,
                          &out->build_id);
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

struct search {
    const struct build_id *id;
    struct self_module *out;
};

static int is_wanted(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct search *search = arg;

    (void)size;
    describe(info, search->out);
    return search->out->build_id.len && build_id_equal(&search->out->build_id, search->id);
}

enum status self_find(const struct build_id *id, struct self_module *out)
{
    struct search search = { id, out };

    return dl_iterate_phdr(is_wanted, &search) ? ST_OK : ST_NOT_FOUND;
}
