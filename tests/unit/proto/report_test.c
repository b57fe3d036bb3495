#include "report.h"

#include <criterion/criterion.h>
#include <string.h>

#define ID "0011223344556677"

static const struct build_id id = { 8, { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77 } };

Test(report, mappings_that_are_none)
{
    static const char *const bad[] = {
        "\n",
        "r-xp clean 4096 - /a",    /* no line feed */
        "r-xp clean 4096 - \n",    /* no path */
        "r-xp clean 4096 -\n",     /* nor its space */
        "r-xp clean 4096 00 /a\n", /* too short for a build-id */
        "r-xp clean 4096 zz /a\n", /* no hexadecimal */
        "r-xp clean - - /a\n",     /* no number */
        "r-xp clean -1 - /a\n",
        "r-xp clean 9223372036854775808 - /a\n",
        "r-xp dirty 4096 - /a\n",
        "r-xp  clean 4096 - /a\n",
        "r--p clean 4096 - /a\n", /* no code */
        "rwx clean 4096 - /a\n",
        "xwrp clean 4096 - /a\n",
        "r-xq clean 4096 - /a\n",
        "r-xp clean 4096 - /a\tb\n", /* not printable */
        "r-xp clean 4096 - /a\x7f\n",
        "r-xp clean 4096 - /\xc3\xa9\n",
        "module - /a\n",
    };
    struct report_mapping m;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct slice report = slice_of(bad[i]);
        cr_assert_eq(report_mapping_next(&report, &m), ST_INVALID, "%zu", i);
    }
    struct slice report = { (const uint8_t *)"r-xp clean 1 - /a\0b\n", 20 };
    cr_assert_eq(report_mapping_next(&report, &m), ST_INVALID, "NUL");
}

Test(report, mappings_there_and_back)
{
    const struct report_mapping in[] = {
        { true, false, false, false, 4096, id, SLICE_LIT("/usr/lib/x y.so (deleted)") },
        { false, true, true, true, INT64_MAX, { 0 }, SLICE_LIT("[anonymous]") },
    };
    uint8_t text[512];
    struct writer w = writer_over(text, sizeof text);
    struct report_mapping out;

    for (size_t i = 0; i < 2; i++)
        report_mapping_write(&w, &in[i]);
    cr_assert(slice_is(writer_slice(&w), "r-xp clean 4096 " ID " /usr/lib/x y.so (deleted)\n"
                                         "-wxs altered 9223372036854775807 - [anonymous]\n"));
    struct slice report = writer_slice(&w);
    for (size_t i = 0; i < 2; i++) {
        cr_assert_eq(report_mapping_next(&report, &out), ST_OK);
        cr_assert(out.readable == in[i].readable && out.writable == in[i].writable &&
                  out.shared == in[i].shared && out.altered == in[i].altered &&
                  out.bytes == in[i].bytes);
        cr_assert(build_id_equal(&out.build_id, &in[i].build_id) &&
                  slice_equal(out.path, in[i].path));
    }
    cr_assert_eq(report_mapping_next(&report, &out), ST_NOT_FOUND);
}

/* A path is bytes; what JSON would change must not get into a report. */
Test(report, what_cannot_be_printed_is_replaced)
{
    const struct report_mapping in = { .path = SLICE_LIT("/a\nb\xff\"c\\") };
    uint8_t text[512];
    struct writer w = writer_over(text, sizeof text);
    struct report_mapping out;

    report_mapping_write(&w, &in);
    struct slice report = writer_slice(&w);
    cr_assert_eq(report_mapping_next(&report, &out), ST_OK);
    cr_assert(slice_is(out.path, "/a?b?\"c\\"));
    cr_assert_eq(report.len, 0);
}

Test(report, imports_that_are_none)
{
    static const char *const bad[] = {
        "\n",
        "module\n",
        "module -\n",
        "module - \n",
        "module 00 /a\n",
        "slot\n",
        "slot \n",
        "slot 1\n",
        "slot 1 \n",
        "slot -1 none\n",
        "slot 4294967296 none\n",
        "slot 1 nowhere\n",
        "slot 1 2\n",
        "slot 1 2 \n",
        "slot 1 2 0x3\n",
        "slot 1 2 3G\n",
        "slot 1 2 ABC\n",
        "slot 1 2 3 4\n",
        "slot 1 2 12345678901234567\n",
        "slot 1 4294967296 3\n",
        "Slot 1 2 3\n",
        "slot 1 none",
    };
    struct report_import out;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct slice report = slice_of(bad[i]);
        cr_assert_eq(report_import_next(&report, &out), ST_INVALID, "%s", bad[i]);
    }
}

Test(report, imports_there_and_back)
{
    const struct report_import in[] = {
        { .what = REPORT_MODULE, .build_id = id, .path = SLICE_LIT("/a b") },
        { .what = REPORT_MODULE, .path = SLICE_LIT("[vdso]") },
        { .what = REPORT_SLOT, .slot = UINT32_MAX, .module = 1, .offset = UINT64_MAX },
        { .what = REPORT_SLOT, .slot = 8, .module = 0, .offset = 0 },
        { .what = REPORT_EMPTY_SLOT, .slot = 16 },
    };
    uint8_t text[512];
    struct writer w = writer_over(text, sizeof text);
    struct report_import out;

    for (size_t i = 0; i < 5; i++)
        report_import_write(&w, &in[i]);
    cr_assert(slice_is(writer_slice(&w), "module " ID " /a b\nmodule - [vdso]\n"
                                         "slot 4294967295 1 ffffffffffffffff\nslot 8 0 0\n"
                                         "slot 16 none\n"));
    struct slice report = writer_slice(&w);
    for (size_t i = 0; i < 5; i++) {
        cr_assert_eq(report_import_next(&report, &out), ST_OK);
        cr_assert(out.what == in[i].what && out.slot == in[i].slot && out.module == in[i].module &&
                  out.offset == in[i].offset && slice_equal(out.path, in[i].path));
    }
    cr_assert_eq(report_import_next(&report, &out), ST_NOT_FOUND);
}

Test(report, facts)
{
    static const char *const bad[] = { "\n", "tracer\n", " 0\n", "tracer 0", "tr\tacer 0\n" };
    struct slice report = SLICE_LIT("tracer 12\nLD_PRELOAD \nLD_AUDIT /a b\n");
    struct report_fact out;

    cr_assert_eq(report_fact_next(&report, &out), ST_OK);
    cr_assert(slice_is(out.name, "tracer") && slice_is(out.value, "12"));
    cr_assert_eq(report_fact_next(&report, &out), ST_OK);
    cr_assert(slice_is(out.name, "LD_PRELOAD") && out.value.len == 0);
    cr_assert_eq(report_fact_next(&report, &out), ST_OK);
    cr_assert(slice_is(out.name, "LD_AUDIT") && slice_is(out.value, "/a b"));
    cr_assert_eq(report_fact_next(&report, &out), ST_NOT_FOUND);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        report = slice_of(bad[i]);
        cr_assert_eq(report_fact_next(&report, &out), ST_INVALID, "%zu", i);
    }
}
