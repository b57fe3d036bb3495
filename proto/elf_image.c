#include "elf_image.h"

#include <elf.h>
#include <string.h>

#include "probe.h"

static struct elf_window window_over(struct slice file)
{
    return (struct elf_window){ .file_len = file.len, .bytes = file };
}

/* Whether from..from+len lies within the file. */
static bool is_range(const struct elf_window *w, uint64_t from, uint64_t len)
{
    return from <= w->file_len && len <= w->file_len - from;
}

static bool holds(const struct elf_window *w, uint64_t from, uint64_t len)
{
    return from >= w->at && from - w->at <= w->bytes.len && len <= w->bytes.len - (from - w->at);
}

/* Copies a structure out of the file: its place there need not be aligned. */
static bool read_at(struct elf_window *w, uint64_t from, void *out, size_t len)
{
    if (!is_range(w, from, len))
        return false;
    if (!holds(w, from, len) && !(w->move && w->move(w, from) && holds(w, from, len)))
        return false;
    memcpy(out, w->bytes.data + (from - w->at), len);
    return true;
}

static enum status read_header(struct elf_window *file, Elf64_Ehdr *out, const char **why)
{
    *why = "it is not a 64-bit little-endian ELF file";
    if (!read_at(file, 0, out, sizeof *out) || memcmp(out->e_ident, ELFMAG, SELFMAG) != 0 ||
        out->e_ident[EI_CLASS] != ELFCLASS64 || out->e_ident[EI_DATA] != ELFDATA2LSB)
        return ST_INVALID;
    *why = "it is neither an executable nor a shared library";
    if (out->e_type != ET_EXEC && out->e_type != ET_DYN)
        return ST_INVALID;
    *why = "it is for neither x86-64 nor aarch64";
    if (out->e_machine != EM_X86_64 && out->e_machine != EM_AARCH64)
        return ST_INVALID;
    *why = "its program headers are malformed";
    if (out->e_phentsize != sizeof(Elf64_Phdr) || out->e_phnum == 0 || out->e_phnum == PN_XNUM)
        return ST_INVALID;
    return ST_OK;
}

static uint64_t align_up(uint64_t n, uint64_t align)
{
    return (n + align - 1) & ~(align - 1);
}

/* A part of the file: a segment's bytes. */
struct part {
    uint64_t from, len;
};

static bool read_in(struct elf_window *w, struct part part, uint64_t at, void *out, size_t len)
{
    return at <= part.len && len <= part.len - at && read_at(w, part.from + at, out, len);
}

/* desc_at is where the note's bytes are. */
static bool read_build_id(struct elf_window *w, struct part notes, const Elf64_Nhdr *note,
                          uint64_t name_at, uint64_t desc_at, struct build_id *out)
{
    char name[4];

    if (note->n_type != NT_GNU_BUILD_ID || note->n_namesz != sizeof name ||
        note->n_descsz < BUILD_ID_MIN || note->n_descsz > BUILD_ID_MAX ||
        !read_in(w, notes, name_at, name, sizeof name) || memcmp(name, "GNU", sizeof name) != 0 ||
        !read_in(w, notes, desc_at, out->bytes, note->n_descsz))
        return false;
    out->len = (uint8_t)note->n_descsz;
    return true;
}

/* Sizes are 32 bits wide, so their sums cannot overflow 64. */
static void read_notes(struct elf_window *w, struct part notes, uint64_t align,
                       struct build_id *out)
{
    Elf64_Nhdr note;
    uint64_t at = 0;

    align = align == 8 ? 8 : 4;
    while (read_in(w, notes, at, &note, sizeof note)) {
        uint64_t name_at = at + sizeof note;
        uint64_t desc_at = align_up(name_at + note.n_namesz, align);
        at = align_up(desc_at + note.n_descsz, align);
        if (desc_at + note.n_descsz > notes.len ||
            read_build_id(w, notes, &note, name_at, desc_at, out))
            return;
    }
}

void elf_notes_build_id(struct slice notes, uint64_t align, struct build_id *out)
{
    struct elf_window w = window_over(notes);

    read_notes(&w, (struct part){ 0, notes.len }, align, out);
}

static bool has_text_relocations(struct elf_window *w, struct part dynamic)
{
    Elf64_Dyn entry;

    for (uint64_t at = 0; read_in(w, dynamic, at, &entry, sizeof entry); at += sizeof entry) {
        if (entry.d_tag == DT_NULL)
            return false;
        if (entry.d_tag == DT_TEXTREL || (entry.d_tag == DT_FLAGS && entry.d_un.d_val & DF_TEXTREL))
            return true;
    }
    return false;
}

static enum status add_segment(const Elf64_Phdr *header, struct elf_image *out, const char **why)
{
    if (header->p_flags & PF_W || !(header->p_flags & PF_R) || header->p_filesz == 0)
        return ST_OK;
    if (out->segment_count == ELF_SEGMENTS_MAX) {
        *why = "it has too many read-only segments";
        return ST_INVALID;
    }
    out->segments[out->segment_count++] = (struct elf_segment){ .file_offset = header->p_offset,
                                                                .vaddr = header->p_vaddr,
                                                                .len = header->p_filesz };
    return ST_OK;
}

/* The dynamic segment is left for later, in *dynamic: it lies far from all else, and a window is
 * moved there only once. */
static enum status read_segment(struct elf_window *file, const Elf64_Phdr *header,
                                struct elf_image *out, struct part *dynamic, const char **why)
{
    const struct part bytes = { header->p_offset, header->p_filesz };

    if (header->p_type != PT_LOAD && header->p_type != PT_NOTE && header->p_type != PT_DYNAMIC)
        return ST_OK;
    *why = "a segment lies outside the file";
    if (!is_range(file, bytes.from, bytes.len))
        return ST_INVALID;
    if (header->p_type == PT_LOAD)
        return add_segment(header, out, why);
    if (header->p_type == PT_NOTE && out->build_id.len == 0)
        read_notes(file, bytes, header->p_align, &out->build_id);
    if (header->p_type != PT_DYNAMIC)
        return ST_OK;
    *why = "it has several dynamic segments";
    if (dynamic->len)
        return ST_INVALID;
    *dynamic = bytes;
    return ST_OK;
}

static enum status read_segments(struct elf_window *file, const Elf64_Ehdr *header,
                                 struct elf_image *out, const char **why)
{
    struct part dynamic = { 0, 0 };

    for (uint64_t i = 0; i < header->e_phnum; i++) {
        Elf64_Phdr segment;
        uint64_t step = i * sizeof segment;
        *why = "its program headers lie outside the file";
        if (header->e_phoff > UINT64_MAX - step ||
            !read_at(file, header->e_phoff + step, &segment, sizeof segment))
            return ST_INVALID;
        enum status st = read_segment(file, &segment, out, &dynamic, why);
        if (st)
            return st;
    }
    *why = "it has text relocations, so its code differs in every process; link with -z text";
    return has_text_relocations(file, dynamic) ? ST_INVALID : ST_OK;
}

enum status elf_image_read(struct slice file, struct elf_image *out, const char **why)
{
    struct elf_window w = window_over(file);

    return elf_image_read_window(&w, out, why);
}

enum status elf_image_read_window(struct elf_window *file, struct elf_image *out, const char **why)
{
    Elf64_Ehdr header;
    enum status st = read_header(file, &header, why);

    *out = (struct elf_image){ 0 };
    if (!st)
        st = read_segments(file, &header, out, why);
    if (st)
        return st;
    out->machine = header.e_machine;
    out->position_independent = header.e_type == ET_DYN;
    *why = "it has no read-only segment";
    if (out->segment_count == 0)
        return ST_INVALID;
    *why = "it has no build-id; link with -Wl,--build-id";
    return out->build_id.len ? ST_OK : ST_INVALID;
}

static uint64_t blocks_of(uint64_t len)
{
    return len / PROBE_BLOCK_LEN + (len % PROBE_BLOCK_LEN != 0);
}

uint64_t elf_image_blocks(const struct elf_image *image)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < image->segment_count; i++)
        count += blocks_of(image->segments[i].len);
    return count;
}

enum status elf_image_block(const struct elf_image *image, uint64_t n, uint32_t *segment,
                            uint64_t *offset, size_t *len)
{
    for (uint32_t i = 0; i < image->segment_count; i++) {
        uint64_t size = image->segments[i].len;
        if (n >= blocks_of(size)) {
            n -= blocks_of(size);
            continue;
        }
        *segment = i;
        *offset = n * PROBE_BLOCK_LEN;
        *len = size - *offset < PROBE_BLOCK_LEN ? (size_t)(size - *offset) : PROBE_BLOCK_LEN;
        return ST_OK;
    }
    return ST_NOT_FOUND;
}
