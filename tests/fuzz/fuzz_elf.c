#include "elf_dynamic.h"
#include "elf_image.h"
#include "fuzz.h"
#include "imports.h"

/* Every block of what is accepted lies within the file. */
static void check_blocks(struct slice file)
{
    struct elf_image image;
    const char *why;

    if (elf_image_read(file, &image, &why) != ST_OK) {
        MUST(why != NULL);
        return;
    }
    uint64_t blocks = elf_image_blocks(&image);
    for (uint64_t n = 0; n < blocks; n++) {
        uint32_t segment;
        uint64_t offset;
        size_t size;
        MUST(elf_image_block(&image, n, &segment, &offset, &size) == ST_OK);
        MUST(image.segments[segment].file_offset + offset + size <= file.len);
    }
}

static void check_within(struct slice file, struct slice part)
{
    MUST(part.len == 0 || (part.data >= file.data && part.data + part.len <= file.data + file.len));
}

static void check_dynamic(struct slice file)
{
    struct elf_dynamic d;
    struct elf_symbol symbol;
    struct elf_import import;
    struct slice name;
    const char *why;

    if (elf_dynamic_read(file, &d, &why) != ST_OK) {
        MUST(why != NULL);
        return;
    }
    for (uint32_t n = 0; n < elf_symbol_count(&d); n++)
        if (elf_symbol_at(&d, n, &symbol))
            check_within(file, symbol.name);
    for (uint64_t n = 0; n < elf_relocation_count(&d); n++)
        if (elf_import_at(&d, n, &import))
            check_within(file, import.symbol.name);
    for (uint32_t n = 0; elf_needed_at(&d, n, &name); n++)
        check_within(file, name);
    check_within(file, elf_soname(&d));
}

/* Two modules of one build, so that symbols are found in the other one too. */
static void check_imports(struct slice file)
{
    struct module modules[2] = { { .file = file }, { .file = file } };
    const struct build build = { .module_count = 2, .modules = modules };
    struct imports *imports;

    MUST(imports_new(&build, &imports) == ST_OK);
    for (size_t m = 0; m < 2; m++)
        for (uint32_t n = 0; n < imports_count(imports, m); n++) {
            const struct import_slot *slot = imports_at(imports, m, n);
            MUST(imports_find(imports, m, slot->place) == slot);
            check_within(file, imports_symbol(imports, slot));
            (void)imports_defines(imports, slot, 1 - m, slot->unbound);
            (void)imports_is_own(imports, slot);
        }
    imports_free(imports);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct slice file = { data, len };

    check_blocks(file);
    check_dynamic(file);
    check_imports(file);
    return 0;
}
