#include "elf_image.h"

#include <elf.h>
#include <string.h>

#include "probe.h"

/* Bytes from..from+len of the file, or false. */
static bool range(struct slice file, uint64_t from, uint64_t len, struct slice *out)
{
    if (from > file.len || len > file.len - from)
        return false;
    *out = (struct slice){ file.data + from, (size_t)len };
    return true;
}

/* Copies a structure out of the file: its place there need not be aligned. */
static bool read_at(struct slice file, uint64_t from, void *out, size_t len)
{
    struct slice bytes;

    if (!range(file, from, len, &bytes))
        return false;
    memcpy(out, bytes.data, len);
    return true;
}

static enum status read_header(struct slice file, Elf64_Ehdr *out, const char **why)
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

static bool is_build_id(const Elf64_Nhdr *note, struct slice name)
{
    return note->n_type == NT_GNU_BUILD_ID && slice_equal(name, SLICE_LIT("GNU\0")) &&
           note->n_descsz >= BUILD_ID_MIN && note->n_descsz <= BUILD_ID_MAX;
}

/* Sizes are 32 bits wide, so their sums cannot overflow 64. */
void elf_notes_build_id(struct slice notes, uint64_t align, struct build_id *out)
{
    Elf64_Nhdr note;
    uint64_t at = 0;

    align = align == 8 ? 8 : 4;
    while (read_at(notes, at, &note, sizeof note)) {
        struct slice name, desc;
        uint64_t desc_at = align_up(at + sizeof note + note.n_namesz, align);
        if (!range(notes, at + sizeof note, note.n_namesz, &name) ||
            !range(notes, desc_at, note.n_descsz, &desc))
            return;
        if (is_build_id(&note, name)) {
            out->len = (uint8_t)desc.len;
            memcpy(out->bytes, desc.data, desc.len);
            return;
        }
        at = align_up(desc_at + note.n_descsz, align);
    }
}

static bool has_text_relocations(struct slice dynamic)
{
    Elf64_Dyn entry;

    for (uint64_t at = 0; read_at(dynamic, at, &entry, sizeof entry); at += sizeof entry) {
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

static enum status read_segment(struct slice file, const Elf64_Phdr *header, struct elf_image *out,
                                const char **why)
{
    struct slice bytes;

    if (header->p_type != PT_LOAD && header->p_type != PT_NOTE && header->p_type != PT_DYNAMIC)
        return ST_OK;
    if (!range(file, header->p_offset, header->p_filesz, &bytes)) {
        *why = "a segment lies outside the file";
        return ST_INVALID;
    }
    if (header->p_type == PT_LOAD)
        return add_segment(header, out, why);
    if (header->p_type == PT_NOTE && out->build_id.len == 0)
        elf_notes_build_id(bytes, header->p_align, &out->build_id);
    if (header->p_type == PT_DYNAMIC && has_text_relocations(bytes)) {
        *why = "it has text relocations, so its code differs in every process; link with -z text";
        return ST_INVALID;
    }
    return ST_OK;
}

static enum status read_segments(struct slice file, const Elf64_Ehdr *header, struct elf_image *out,
                                 const char **why)
{
    for (uint64_t i = 0; i < header->e_phnum; i++) {
        Elf64_Phdr segment;
        uint64_t step = i * sizeof segment;
        *why = "its program headers lie outside the file";
        if (header->e_phoff > UINT64_MAX - step ||
            !read_at(file, header->e_phoff + step, &segment, sizeof segment))
            return ST_INVALID;
        enum status st = read_segment(file, &segment, out, why);
        if (st)
            return st;
    }
    return ST_OK;
}

enum status elf_image_read(struct slice file, struct elf_image *out, const char **why)
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
