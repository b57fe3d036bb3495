#include "elf_dynamic.h"

#include <string.h>

static bool read_at(struct slice bytes, uint64_t from, void *out, size_t len)
{
    if (from > bytes.len || len > bytes.len - from)
        return false;
    memcpy(out, bytes.data + from, len);
    return true;
}

/* What the file has for the addresses from vaddr on, to the end of their segment. */
static struct slice bytes_from(const struct elf_dynamic *d, uint64_t vaddr)
{
    for (uint32_t i = 0; i < d->load_count; i++) {
        uint64_t into = vaddr - d->loads[i].vaddr;
        if (vaddr >= d->loads[i].vaddr && into < d->loads[i].file_len)
            return (struct slice){ d->file.data + d->loads[i].offset + into,
                                   (size_t)(d->loads[i].file_len - into) };
    }
    return (struct slice){ NULL, 0 };
}

static bool bytes_at(const struct elf_dynamic *d, uint64_t vaddr, uint64_t len, struct slice *out)
{
    *out = bytes_from(d, vaddr);
    if (len > out->len)
        return false;
    out->len = (size_t)len;
    return true;
}

static bool entry_at(const struct elf_dynamic *d, size_t n, Elf64_Dyn *out)
{
    return read_at(d->entries, n * sizeof *out, out, sizeof *out);
}

/* The last one counts, as it does for the loader; 0 if there is none. */
static uint64_t value_of(const struct elf_dynamic *d, int64_t tag)
{
    uint64_t value = 0;
    Elf64_Dyn entry;

    for (size_t i = 0; entry_at(d, i, &entry); i++)
        if (entry.d_tag == tag)
            value = entry.d_un.d_val;
    return value;
}

static bool has_tag(const struct elf_dynamic *d, int64_t tag)
{
    Elf64_Dyn entry;

    for (size_t i = 0; entry_at(d, i, &entry); i++)
        if (entry.d_tag == tag)
            return true;
    return false;
}

static enum status add_header(struct elf_dynamic *d, const Elf64_Phdr *header, const char **why)
{
    if (header->p_type != PT_LOAD && header->p_type != PT_DYNAMIC)
        return ST_OK;
    *why = "a segment lies outside the file";
    if (header->p_offset > d->file.len || header->p_filesz > d->file.len - header->p_offset)
        return ST_INVALID;
    if (header->p_type == PT_DYNAMIC) {
        d->entries = (struct slice){ d->file.data + header->p_offset, (size_t)header->p_filesz };
        return ST_OK;
    }
    *why = "it has too many segments";
    if (d->load_count == ELF_LOADS_MAX)
        return ST_INVALID;
    d->loads[d->load_count].vaddr = header->p_vaddr;
    d->loads[d->load_count].offset = header->p_offset;
    d->loads[d->load_count].memory_len = header->p_memsz;
    d->loads[d->load_count++].file_len = header->p_filesz;
    return ST_OK;
}

static enum status read_headers(struct elf_dynamic *d, const char **why)
{
    Elf64_Ehdr header;
    Elf64_Phdr segment;

    *why = "its program headers lie outside the file";
    if (!read_at(d->file, 0, &header, sizeof header))
        return ST_INVALID;
    d->machine = header.e_machine;
    for (uint64_t i = 0; i < header.e_phnum; i++) {
        uint64_t step = i * sizeof segment;
        *why = "its program headers lie outside the file";
        if (header.e_phoff > UINT64_MAX - step ||
            !read_at(d->file, header.e_phoff + step, &segment, sizeof segment))
            return ST_INVALID;
        enum status st = add_header(d, &segment, why);
        if (st)
            return st;
    }
    return ST_OK;
}

static void end_entries(struct elf_dynamic *d)
{
    Elf64_Dyn entry;
    size_t n = 0;

    while (entry_at(d, n, &entry) && entry.d_tag != DT_NULL)
        n++;
    d->entries.len = n * sizeof entry;
}

static bool read_table(const struct elf_dynamic *d, int64_t at, int64_t len, struct slice *out)
{
    return !has_tag(d, at) || bytes_at(d, value_of(d, at), value_of(d, len), out);
}

static bool binds_at_start(const struct elf_dynamic *d)
{
    return has_tag(d, DT_BIND_NOW) || value_of(d, DT_FLAGS) & DF_BIND_NOW ||
           value_of(d, DT_FLAGS_1) & DF_1_NOW;
}

/* How many symbols a GNU hash table speaks of: those before its first, and its longest chain. */
static bool count_gnu_hash(struct slice table, uint64_t *count)
{
    uint32_t head[4], bucket, last = 0,
                              link; /* buckets, first symbol, words of the filter, shift */

    if (!read_at(table, 0, head, sizeof head))
        return false;
    uint64_t buckets = sizeof head + 8 * (uint64_t)head[2],
             chains = buckets + 4 * (uint64_t)head[0];
    for (uint64_t i = 0; i < head[0]; i++) {
        if (!read_at(table, buckets + 4 * i, &bucket, sizeof bucket))
            return false;
        last = bucket > last ? bucket : last;
    }
    *count = head[1];
    if (last < head[1])
        return true;
    for (uint64_t n = last;; n++) {
        if (!read_at(table, chains + 4 * (n - head[1]), &link, sizeof link))
            return false;
        *count = n + 1;
        if (link & 1)
            return true;
    }
}

static bool count_hash(struct slice table, uint64_t *count)
{
    uint32_t head[2]; /* buckets, symbols */

    if (!read_at(table, 0, head, sizeof head))
        return false;
    *count = head[1];
    return true;
}

/* No table says how many symbols there are; those without a hash are at least relocated with. */
static uint64_t count_relocated(const struct elf_dynamic *d)
{
    uint64_t count = 0;
    Elf64_Rela r;

    for (int t = 0; t < 2; t++)
        for (uint64_t at = 0; read_at(d->relocations[t], at, &r, sizeof r); at += sizeof r)
            if (ELF64_R_SYM(r.r_info) >= count)
                count = ELF64_R_SYM(r.r_info) + 1;
    return count;
}

static bool read_symbols(struct elf_dynamic *d)
{
    uint64_t hashed = 0, count = count_relocated(d);

    if (!has_tag(d, DT_SYMTAB))
        return count <= 1;
    if (has_tag(d, DT_GNU_HASH)
            ? !count_gnu_hash(bytes_from(d, value_of(d, DT_GNU_HASH)), &hashed)
            : has_tag(d, DT_HASH) && !count_hash(bytes_from(d, value_of(d, DT_HASH)), &hashed))
        return false;
    count = hashed > count ? hashed : count;
    if (has_tag(d, DT_VERSYM))
        d->versions = bytes_from(d, value_of(d, DT_VERSYM));
    return bytes_at(d, value_of(d, DT_SYMTAB), count * sizeof(Elf64_Sym), &d->symbols);
}

enum status elf_dynamic_read(struct slice file, struct elf_dynamic *out, const char **why)
{
    *out = (struct elf_dynamic){ .file = file };
    enum status st = read_headers(out, why);

    if (st)
        return st;
    end_entries(out);
    out->bound_at_start = binds_at_start(out);
    *why = "its dynamic section is malformed";
    if (!read_table(out, DT_STRTAB, DT_STRSZ, &out->names) ||
        !read_table(out, DT_RELA, DT_RELASZ, &out->relocations[0]) ||
        !read_table(out, DT_JMPREL, DT_PLTRELSZ, &out->relocations[1]) || !read_symbols(out))
        return ST_INVALID;
    return ST_OK;
}

static bool name_at(const struct elf_dynamic *d, uint64_t at, struct slice *out)
{
    if (at >= d->names.len)
        return false;
    const uint8_t *start = d->names.data + at, *end = memchr(start, 0, d->names.len - (size_t)at);
    if (!end)
        return false;
    *out = (struct slice){ start, (size_t)(end - start) };
    return true;
}

uint32_t elf_symbol_count(const struct elf_dynamic *d)
{
    return (uint32_t)(d->symbols.len / sizeof(Elf64_Sym));
}

bool elf_symbol_at(const struct elf_dynamic *d, uint32_t n, struct elf_symbol *out)
{
    uint16_t version = VER_NDX_GLOBAL;
    Elf64_Sym symbol;

    if (!read_at(d->symbols, (uint64_t)n * sizeof symbol, &symbol, sizeof symbol) ||
        !name_at(d, symbol.st_name, &out->name))
        return false;
    if (d->versions.len &&
        !read_at(d->versions, (uint64_t)n * sizeof version, &version, sizeof version))
        return false;
    out->value = symbol.st_value;
    out->binding = ELF64_ST_BIND(symbol.st_info);
    out->type = ELF64_ST_TYPE(symbol.st_info);
    out->defined = symbol.st_shndx != SHN_UNDEF;
    out->versioned = (version & 0x7fff) > VER_NDX_GLOBAL;
    return true;
}

uint64_t elf_relocation_count(const struct elf_dynamic *d)
{
    return d->relocations[0].len / sizeof(Elf64_Rela) + d->relocations[1].len / sizeof(Elf64_Rela);
}

static bool relocation_at(const struct elf_dynamic *d, uint64_t n, Elf64_Rela *out)
{
    uint64_t first = d->relocations[0].len / sizeof *out;

    return n < first ? read_at(d->relocations[0], n * sizeof *out, out, sizeof *out)
                     : read_at(d->relocations[1], (n - first) * sizeof *out, out, sizeof *out);
}

static bool is_mapped(const struct elf_dynamic *d, uint64_t vaddr, uint64_t len)
{
    for (uint32_t i = 0; i < d->load_count; i++)
        if (vaddr >= d->loads[i].vaddr && vaddr - d->loads[i].vaddr < d->loads[i].memory_len &&
            d->loads[i].memory_len - (vaddr - d->loads[i].vaddr) >= len)
            return true;
    return false;
}

bool elf_import_at(const struct elf_dynamic *d, uint64_t n, struct elf_import *out)
{
    const bool arm = d->machine == EM_AARCH64;
    const uint32_t data = arm ? R_AARCH64_GLOB_DAT : R_X86_64_GLOB_DAT,
                   call = arm ? R_AARCH64_JUMP_SLOT : R_X86_64_JUMP_SLOT;
    struct slice content;
    Elf64_Rela r;

    if (!relocation_at(d, n, &r))
        return false;
    uint32_t type = (uint32_t)ELF64_R_TYPE(r.r_info), symbol = (uint32_t)ELF64_R_SYM(r.r_info);
    if ((type != data && type != call) || symbol == 0 || !elf_symbol_at(d, symbol, &out->symbol) ||
        out->symbol.name.len == 0 || !is_mapped(d, r.r_offset, sizeof out->unbound))
        return false;
    out->place = r.r_offset;
    out->unbound_known = type == call && !d->bound_at_start &&
                         bytes_at(d, r.r_offset, sizeof out->unbound, &content);
    if (out->unbound_known)
        memcpy(&out->unbound, content.data, sizeof out->unbound);
    return true;
}

struct slice elf_soname(const struct elf_dynamic *d)
{
    struct slice name = { NULL, 0 };

    if (has_tag(d, DT_SONAME) && !name_at(d, value_of(d, DT_SONAME), &name))
        name = (struct slice){ NULL, 0 };
    return name;
}

bool elf_needed_at(const struct elf_dynamic *d, uint32_t n, struct slice *out)
{
    Elf64_Dyn entry;

    for (size_t i = 0; entry_at(d, i, &entry); i++)
        if (entry.d_tag == DT_NEEDED && n-- == 0)
            return name_at(d, entry.d_un.d_val, out);
    return false;
}
