/* inject: a library that attacks the process that loads it, as the environment variable ATTACK
 * says (it does nothing without). ATTACK_OFFSET: of a function, from the executable's load bias. */
#include <dlfcn.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "patch.h"

static int bias_of_executable(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)size;
    *(ElfW(Addr) *)arg = info->dlpi_addr;
    return 1;
}

static void *function_of_app(void)
{
    const char *offset = getenv("ATTACK_OFFSET");
    ElfW(Addr) bias;

    if (!offset)
        abort();
    dl_iterate_phdr(bias_of_executable, &bias);
    return (void *)(bias + strtoull(offset, NULL, 16));
}

static void inline_app(void)
{
    patch_inline(function_of_app(), (const void *)patch_hooked);
}

static void inline_libc(void)
{
    patch_inline(dlsym(RTLD_DEFAULT, "getppid"), (const void *)patch_hooked);
}

static void breakpoint(void)
{
    patch_write(function_of_app(), "\xcc", 1, PROT_READ | PROT_EXEC);
}

static void import_to_library(void)
{
    patch_import("getppid", (const void *)patch_hooked);
}

static void import_to_anonymous(void)
{
    patch_import("getppid", patch_code_anonymous());
}

static void address_to_library(void)
{
    patch_import("getpgrp", (const void *)patch_hooked);
}

static void anonymous(void)
{
    patch_code_anonymous();
}

static void memfd(void)
{
    patch_code_memfd();
}

/* Nothing is changed yet: the page waits for it. */
static void writable_text(void)
{
    uint8_t *at = function_of_app();

    patch_write(at, (const uint8_t[]){ *at }, 1, PROT_READ | PROT_WRITE | PROT_EXEC);
}

static const struct attack {
    const char *name;
    void (*run)(void);
} attacks[] = {
    { "inline-app", inline_app },
    { "inline-libc", inline_libc },
    { "breakpoint", breakpoint },
    { "import-to-library", import_to_library },
    { "import-to-anonymous", import_to_anonymous },
    { "address-to-library", address_to_library },
    { "anonymous", anonymous },
    { "memfd", memfd },
    { "writable-text", writable_text },
};

__attribute__((constructor)) static void attack(void)
{
    const char *name = getenv("ATTACK");

    if (!name)
        return;
    for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; i++)
        if (strcmp(name, attacks[i].name) == 0) {
            attacks[i].run();
            return;
        }
    abort();
}
