/* elf_dynamic: what the loader is told by an ELF file: its dynamic symbols, its imports, the
 * libraries that it needs. Reads hostile bytes; never outside the slice. */
#pragma once
#include <elf.h>

#include "bytes.h"

enum { ELF_LOADS_MAX = 32 };

struct elf_dynamic {
    struct slice file;
    uint16_t machine;
    uint32_t load_count;
    struct {
        uint64_t vaddr, offset, file_len, memory_len;
    } loads[ELF_LOADS_MAX];      /* PT_LOAD */
    struct slice entries;        /* of Elf64_Dyn, without DT_NULL; empty: it is linked statically */
    struct slice symbols;        /* of Elf64_Sym */
    struct slice names;          /* of symbols and libraries */
    struct slice versions;       /* of Elf64_Half, one a symbol; may be empty */
    struct slice relocations[2]; /* of Elf64_Rela: DT_RELA, DT_JMPREL */
    bool bound_at_start;         /* no slot waits for its first call */
};

/* ST_INVALID with *why (a constant text) for what is malformed. */
enum status elf_dynamic_read(struct slice file, struct elf_dynamic *out, const char **why) MUST_USE;

struct elf_symbol {
    struct slice name;
    uint64_t value;  /* from the load bias */
    uint8_t binding; /* STB_GLOBAL, STB_WEAK, ... */
    uint8_t type;    /* STT_FUNC, STT_GNU_IFUNC, ... */
    bool defined;    /* in this file */
    bool versioned;  /* of a version that has a name */
};
uint32_t elf_symbol_count(const struct elf_dynamic *d);
/* False past the end, or if its name lies outside. */
bool elf_symbol_at(const struct elf_dynamic *d, uint32_t n, struct elf_symbol *out);

/* A slot that the loader writes a symbol's address to (GLOB_DAT and JUMP_SLOT). */
struct elf_import {
    uint64_t place; /* from the load bias */
    struct elf_symbol symbol;
    bool unbound_known; /* it may still lead to `unbound`, until its first call */
    uint64_t unbound;
};
uint64_t elf_relocation_count(const struct elf_dynamic *d);
/* False if that relocation is none, or is malformed. */
bool elf_import_at(const struct elf_dynamic *d, uint64_t n, struct elf_import *out);

/* The library's own name, or an empty slice; the n-th that it needs: false past the end. */
struct slice elf_soname(const struct elf_dynamic *d);
bool elf_needed_at(const struct elf_dynamic *d, uint32_t n, struct slice *out);
