/* audit: an rtld-audit(7) library that makes calls of getppid lead to itself. */
#include <link.h>
#include <stdint.h>
#include <string.h>

#include "patch.h"

#define EXPORTED __attribute__((visibility("default")))

EXPORTED unsigned int la_version(unsigned int version)
{
    return version;
}

EXPORTED unsigned int la_objopen(struct link_map *map, Lmid_t lmid, uintptr_t *cookie)
{
    (void)map, (void)lmid, (void)cookie;
    return LA_FLG_BINDTO | LA_FLG_BINDFROM;
}

EXPORTED uintptr_t la_symbind64(Elf64_Sym *sym, unsigned int index, uintptr_t *from, uintptr_t *to,
                                unsigned int *flags, const char *name)
{
    (void)index, (void)from, (void)to, (void)flags;
    return strcmp(name, "getppid") == 0 ? (uintptr_t)patch_hooked : sym->st_value;
}
