#include "origin.h"

#include <criterion/criterion.h>

/* What verifiers make of it is in verifier_maps_test.c. */
Test(origin, whose_code_it_is)
{
    static struct module modules[2];
    static struct build build = { .module_count = 2, .modules = modules };
    const struct build_id own = { 8, { 1 } }, library = { 8, { 2 } }, other = { 8, { 3 } },
                          none = { 0, { 0 } };
    static const struct {
        const char *path;
        enum origin origin;
    } rows[] = {
        { "/usr/lib/x86_64-linux-gnu/libc.so.6", ORIGIN_SYSTEM },
        { "/lib64/ld-linux-x86-64.so.2", ORIGIN_SYSTEM },
        { "/lib", ORIGIN_FOREIGN },
        { "/libx.so", ORIGIN_FOREIGN },
        { "/home/a/usr/lib/x.so", ORIGIN_FOREIGN },
        { "/usr/bin/python3", ORIGIN_FOREIGN },
        { "[vdso]", ORIGIN_KERNEL },
        { "[vsyscall]", ORIGIN_KERNEL },
        { "[uprobes]", ORIGIN_NONE },
        { "[anonymous]", ORIGIN_NONE },
        { "relative", ORIGIN_NONE },
        { "", ORIGIN_NONE },
    };
    size_t module = 9;

    build.modules[0].image.build_id = own;
    build.modules[1].image.build_id = library;
    cr_assert_eq(origin_of(&build, &own, SLICE_LIT("/anywhere"), &module), ORIGIN_REGISTERED);
    cr_assert_eq(module, 0);
    cr_assert_eq(origin_of(&build, &library, SLICE_LIT("[vdso]"), &module), ORIGIN_REGISTERED);
    cr_assert_eq(module, 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(origin_of(&build, &other, slice_of(rows[i].path), &module), rows[i].origin,
                     "%s", rows[i].path);
        cr_assert_eq(origin_of(&build, &none, slice_of(rows[i].path), &module), rows[i].origin,
                     "%s", rows[i].path);
    }
}
