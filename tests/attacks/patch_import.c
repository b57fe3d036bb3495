#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "patch.h"

struct tables {
    const ElfW(Sym) * symbols;
    const char *names;
    const ElfW(Rela) * relocations[2]; /* DT_JMPREL, DT_RELA */
    size_t counts[2];
    ElfW(Addr) bias;
};

static void read_entry(const ElfW(Dyn) * entry, struct tables *out)
{
    switch (entry->d_tag) {
    case DT_SYMTAB:
        out->symbols = (const ElfW(Sym) *)entry->d_un.d_ptr;
        break;
    case DT_STRTAB:
        out->names = (const char *)entry->d_un.d_ptr;
        break;
    case DT_JMPREL:
        out->relocations[0] = (const ElfW(Rela) *)entry->d_un.d_ptr;
        break;
    case DT_PLTRELSZ:
        out->counts[0] = entry->d_un.d_val / sizeof(ElfW(Rela));
        break;
    case DT_RELA:
        out->relocations[1] = (const ElfW(Rela) *)entry->d_un.d_ptr;
        break;
    case DT_RELASZ:
        out->counts[1] = entry->d_un.d_val / sizeof(ElfW(Rela));
        break;
    default:
        break;
    }
}

/* The executable comes first; glibc has made its dynamic section's addresses absolute. */
static int read_executable(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct tables *out = arg;

    (void)size;
    out->bias = info->dlpi_addr;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type != PT_DYNAMIC)
            continue;
        const ElfW(Dyn) *entry = (const ElfW(Dyn) *)(info->dlpi_addr + header->p_vaddr);
        for (; entry->d_tag != DT_NULL; entry++)
            read_entry(entry, out);
    }
    return 1;
}

static int hook_in(const struct tables *t, int which, const char *symbol, const void *target)
{
    int done = 0;

    for (size_t i = 0; i < t->counts[which]; i++) {
        const ElfW(Rela) *r = &t->relocations[which][i];
        const ElfW(Sym) *s = &t->symbols[ELF64_R_SYM(r->r_info)];
        if (strcmp(t->names + s->st_name, symbol) != 0)
            continue;
        patch_write((void *)(t->bias + r->r_offset), &target, sizeof target,
                    PROT_READ | PROT_WRITE);
        done = 1;
    }
    return done;
}

void patch_import(const char *symbol, const void *target)
{
    struct tables t = { .names = NULL };

    dl_iterate_phdr(read_executable, &t);
    if (!hook_in(&t, 0, symbol, target) && !hook_in(&t, 1, symbol, target))
        abort();
}
