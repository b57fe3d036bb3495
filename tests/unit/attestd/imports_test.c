#include "imports.h"

#include <link.h>

#include "folder.h"

static struct registry *registry;
static const struct build *build;
static const struct imports *imports;

static void setup(void)
{
    folder_fill();
    registry = folder_read();
    build = app_build(registry_app(registry, SLICE_LIT("app")), &build_id);
    imports = build_imports(build);
}

static void teardown(void)
{
    registry_free(registry);
    folder_remove();
}

TestSuite(imports, .init = setup, .fini = teardown);

struct range {
    uintptr_t bias, end;
};

static int find_self(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct range *out = arg;

    (void)size;
    out->bias = info->dlpi_addr;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD)
            out->end = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;
    return 1;
}

/* The build is this very program: what the loader made of each slot must be what we expect. */
Test(imports, they_lead_where_the_loader_let_them_lead)
{
    uint32_t inside = 0, outside = 0;
    struct range self;

    dl_iterate_phdr(find_self, &self);
    for (uint32_t n = 0; n < imports_count(imports, 0); n++) {
        const struct import_slot *slot = imports_at(imports, 0, n);
        struct slice symbol = imports_symbol(imports, slot);
        uintptr_t value = *(const uintptr_t *)(self.bias + slot->place);
        if (value == 0) {
            cr_assert(slot->weak, "%.*s", (int)symbol.len, (const char *)symbol.data);
        } else if (value >= self.bias && value < self.end) {
            bool waits = slot->unbound_known && value - self.bias == slot->unbound;
            cr_assert(waits || imports_defines(imports, slot, 0, value - self.bias), "%.*s",
                      (int)symbol.len, (const char *)symbol.data);
            inside++;
        } else {
            cr_assert_not(imports_is_own(imports, slot), "%.*s", (int)symbol.len,
                          (const char *)symbol.data);
            outside++;
        }
    }
    cr_assert_gt(outside, 5);
    (void)inside;
}

Test(imports, slots_are_found_by_place)
{
    for (uint32_t n = 0; n < imports_count(imports, 0); n++) {
        const struct import_slot *slot = imports_at(imports, 0, n);
        cr_assert_eq(imports_find(imports, 0, slot->place), slot);
        cr_assert(n == 0 || imports_at(imports, 0, n - 1)->place < slot->place);
        cr_assert_null(imports_find(imports, 0, slot->place + 1));
        cr_assert_not(imports_defines(imports, slot, 1, 0));
    }
    cr_assert_eq(imports_count(imports, 1), 0, "there is no such module");
    cr_assert_null(imports_find(imports, 1, 0));
}

Test(imports, they_are_worked_out_once)
{
    cr_assert_eq(build_imports(build), imports);
}

Test(imports, a_file_that_cannot_be_read_has_none)
{
    static const uint8_t bytes[64] = { 0x7f, 'E', 'L', 'F' };
    static struct module module;
    static struct build broken = { .module_count = 1, .modules = &module };
    struct imports *none;

    broken.modules[0].file = (struct slice){ bytes, 10 };
    cr_assert_eq(imports_new(&broken, &none), ST_OK);
    cr_assert_eq(imports_count(none, 0), 0);
    imports_free(none);
    imports_free(NULL);
}
