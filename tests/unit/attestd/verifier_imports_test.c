#include "imports.h"

#include "judged.h"

enum { SLOTS = 3 };

static const struct imports *imports;

/* The first few slots of this test's own executable that the system's libraries fill. */
static void setup(void)
{
    judged_setup();
    imports = build_imports(build);
    probe.kind = PROBE_IMPORTS;
    probe.block_count = 0;
    for (uint32_t n = 0; n < imports_count(imports, 0) && probe.block_count < SLOTS; n++) {
        const struct import_slot *slot = imports_at(imports, 0, n);
        if (!slot->weak && !imports_is_own(imports, slot))
            probe.blocks[probe.block_count++] = slot->place;
    }
    cr_assert_eq(probe.block_count, SLOTS);
}

TestSuite(verifier_imports, .init = setup, .fini = judged_teardown);

#define MODULES                                                                                    \
    "module @ /opt/app\nmodule - /usr/lib/libc.so.6\nmodule - /tmp/x.so\n"                         \
    "module - [anonymous]\nmodule - [vdso]\n"

/* A report in which the first slot leads to that module and offset, and the others to libc. */
static const char *shows(const char *first)
{
    char report[2048];
    size_t len =
        (size_t)snprintf(report, sizeof report, MODULES "slot %u %s\n", probe.blocks[0], first);

    for (uint32_t i = 1; i < SLOTS; i++)
        len += (size_t)snprintf(report + len, sizeof report - len, "slot %u 1 %x\n",
                                probe.blocks[i], i);
    return judged(PROBE_IMPORTS, report);
}

static void redirected(const char *first, const char *result, const char *detail)
{
    char expected[300];
    const struct import_slot *slot = imports_find(imports, 0, probe.blocks[0]);
    struct slice symbol = imports_symbol(imports, slot);

    snprintf(expected, sizeof expected, "%s %.*s in %s > %s", result, (int)symbol.len,
             (const char *)symbol.data, build->modules[0].name, detail);
    cr_assert_str_eq(shows(first), expected);
}

Test(verifier_imports, where_slots_may_lead)
{
    cr_assert_str_eq(shows("1 1234"), "");
    cr_assert_str_eq(shows("4 10"), "", "the kernel's, of which libc hands on functions");
}

Test(verifier_imports, where_slots_must_not_lead)
{
    redirected("0 1234", "redirected", build->modules[0].name);
    redirected("2 1234", "redirected_alien", "/tmp/x.so");
    redirected("3 0", "redirected", "[anonymous]");
    redirected("none", "redirected", "nowhere");
}

Test(verifier_imports, a_slot_may_wait_for_its_first_call)
{
    struct import_slot *slot = (struct import_slot *)imports_find(imports, 0, probe.blocks[0]);
    bool known = slot->unbound_known;

    slot->unbound_known = true;
    slot->unbound = 0x1036;
    cr_assert_str_eq(shows("0 1036"), "");
    redirected("0 1037", "redirected", build->modules[0].name);
    slot->unbound_known = false;
    redirected("0 1036", "redirected", build->modules[0].name);
    slot->unbound_known = known;
}

Test(verifier_imports, what_may_be_missing_may_lead_nowhere)
{
    struct import_slot *slot = (struct import_slot *)imports_find(imports, 0, probe.blocks[0]);

    slot->weak = true;
    cr_assert_str_eq(shows("none"), "");
    slot->weak = false;
}

Test(verifier_imports, reports_that_leave_out_or_cannot_be_read)
{
    char expected[128], report[1024];

    snprintf(expected, sizeof expected, "malformed %s", build->modules[0].name);
    cr_assert_str_eq(judged(PROBE_IMPORTS, ""), expected);
    cr_assert_str_eq(judged(PROBE_IMPORTS, MODULES), expected, "no slot");
    cr_assert_str_eq(shows("5 0"), expected, "no such module");
    snprintf(report, sizeof report, MODULES "slot %u 1 0\nslot %u 1 0\nslot %u 1 0\nslot %u 1 0\n",
             probe.blocks[0], probe.blocks[1], probe.blocks[2], probe.blocks[2]);
    cr_assert_str_eq(judged(PROBE_IMPORTS, report), expected, "twice");
    snprintf(report, sizeof report, MODULES "slot %u 1 0\nslot %u 1 0\nslot %u 1 0\nslot 4 1 0\n",
             probe.blocks[0], probe.blocks[1], probe.blocks[2]);
    cr_assert_str_eq(judged(PROBE_IMPORTS, report), expected, "not asked");
}
