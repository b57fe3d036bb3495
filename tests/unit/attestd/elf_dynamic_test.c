#include "elf_dynamic.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "../client-sdk/file.h"

static struct slice file;
static const char *why;

static void setup(void)
{
    file = file_read("/proc/self/exe");
}

TestSuite(elf_dynamic, .init = setup);

Test(elf_dynamic, this_executable)
{
    struct elf_dynamic d;
    struct elf_import import;
    struct slice needed;
    bool printf_like = false, libc = false;

    cr_assert_eq(elf_dynamic_read(file, &d, &why), ST_OK);
    cr_assert_gt(elf_symbol_count(&d), 10);
    for (uint64_t n = 0; n < elf_relocation_count(&d); n++)
        if (elf_import_at(&d, n, &import))
            printf_like = printf_like || slice_is(import.symbol.name, "memcpy") ||
                          slice_is(import.symbol.name, "strlen") ||
                          slice_is(import.symbol.name, "free");
    cr_assert(printf_like);
    for (uint32_t n = 0; elf_needed_at(&d, n, &needed); n++)
        libc = libc || slice_is(needed, "libc.so.6");
    cr_assert(libc);
    cr_assert_eq(elf_soname(&d).len, 0);
}

Test(elf_dynamic, a_library_has_a_name_and_versions)
{
    struct slice libc = file_read("/lib/x86_64-linux-gnu/libc.so.6");
    struct elf_symbol symbol;
    struct elf_dynamic d;
    bool found = false;

    if (!libc.data)
        cr_skip("another machine");
    cr_assert_eq(elf_dynamic_read(libc, &d, &why), ST_OK);
    cr_assert(slice_is(elf_soname(&d), "libc.so.6"));
    for (uint32_t n = 0; n < elf_symbol_count(&d); n++)
        if (elf_symbol_at(&d, n, &symbol) && slice_is(symbol.name, "getppid"))
            found = symbol.defined && symbol.versioned && symbol.value != 0;
    cr_assert(found);
}

/* Everything that a reader offers of a file that may be anything: AddressSanitizer watches. */
static void use(struct slice bytes)
{
    struct elf_dynamic d;
    struct elf_symbol symbol;
    struct elf_import import;
    struct slice name;

    if (elf_dynamic_read(bytes, &d, &why)) {
        cr_assert_not_null(why);
        return;
    }
    for (uint32_t n = 0; n < elf_symbol_count(&d); n++)
        (void)elf_symbol_at(&d, n, &symbol);
    for (uint64_t n = 0; n < elf_relocation_count(&d); n++)
        (void)elf_import_at(&d, n, &import);
    for (uint32_t n = 0; elf_needed_at(&d, n, &name); n++)
        cr_assert(name.len == 0 || name.data >= bytes.data);
    (void)elf_soname(&d);
}

Test(elf_dynamic, a_file_that_ends_too_early)
{
    for (size_t len = 0; len < file.len; len += len < 1024 ? 1 : file.len / 61) {
        uint8_t *copy = malloc(len ? len : 1);
        memcpy(copy, file.data, len);
        use((struct slice){ copy, len });
        free(copy);
    }
}

static uint32_t chance(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* In the headers and in what the dynamic section points to. */
Test(elf_dynamic, files_with_bent_bytes)
{
    uint8_t *copy = malloc(file.len);
    struct elf_dynamic d;
    uint32_t state = 1;

    cr_assert_eq(elf_dynamic_read(file, &d, &why), ST_OK);
    const struct slice areas[] = { { file.data, 1024 }, d.entries,       d.symbols, d.names,
                                   d.relocations[0],    d.relocations[1] };
    for (int round = 0; round < 400; round++) {
        memcpy(copy, file.data, file.len);
        for (uint32_t n = 1 + chance(&state) % 6; n > 0; n--) {
            struct slice area = areas[chance(&state) % 6];
            if (area.len)
                copy[(size_t)(area.data - file.data) + chance(&state) % area.len] =
                    (uint8_t)chance(&state);
        }
        use((struct slice){ copy, file.len });
    }
    free(copy);
}
