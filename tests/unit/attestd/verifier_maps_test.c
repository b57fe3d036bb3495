#include "judged.h"

TestSuite(verifier_maps, .init = judged_setup, .fini = judged_teardown);

/* The binary is called as the copy that folder.h registered. */
#define APP  "r-xp clean 4096 @ /opt/app\n"
#define LIBC "r-xp clean 1400000 - /usr/lib/x86_64-linux-gnu/libc.so.6\n"

/* In what is expected @ is the module's name. */
static void shows(const char *report, const char *expected)
{
    char text[256];

    expand(expected, build->modules[0].name, text, sizeof text);
    cr_assert_str_eq(judged(PROBE_MAPS, report), text, "%s", report);
}

Test(verifier_maps, what_is_the_apps_the_systems_and_the_kernels)
{
    shows(APP, "");
    shows(APP "r-xp clean 8192 - [vdso]\n--xp clean 4096 - [vsyscall]\n", "");
    shows(APP LIBC, "system /usr/lib/x86_64-linux-gnu/libc.so.6");
    shows(APP "r-xp clean 1 - /lib/x.so (deleted)\n", "system /lib/x.so (deleted)");
    shows(APP APP, "");
}

Test(verifier_maps, what_is_somebody_elses)
{
    shows(APP "r-xp clean 1 - /tmp/x.so\n", "foreign /tmp/x.so");
    shows(APP "r-xp clean 1 - /tmp/usr/lib/x.so\n", "foreign /tmp/usr/lib/x.so");
    shows(APP "r-xp clean 1 - /usr/local/lib/x.so\n", "foreign /usr/local/lib/x.so");
    shows(APP "r-xp clean 1 - /usr/library/x.so\n", "foreign /usr/library/x.so");
    shows(APP "r-xp clean 1 - /memfd:libc.so.6 (deleted)\n", "foreign /memfd:libc.so.6 (deleted)");
    shows(APP "r-xs clean 1 - /dev/zero (deleted)\n", "foreign /dev/zero (deleted)");
    shows(APP "r-xp clean 1 0011223344556677 /tmp/x.so\n", "foreign /tmp/x.so");
}

Test(verifier_maps, code_of_no_file)
{
    shows(APP "r-xp clean 1 - [anonymous]\n", "anonymous [anonymous]");
    shows(APP "rwxp clean 1 - [stack]\n", "anonymous [stack]");
    shows(APP "rwxp clean 1 - [heap]\n", "anonymous [heap]");
    shows(APP "r-xp clean 1 - [vdso2]\n", "anonymous [vdso2]");
    shows(APP "r-xp clean 1 - usr/lib/x.so\n", "anonymous usr/lib/x.so");
}

Test(verifier_maps, code_that_is_or_may_be_changed)
{
    shows("rwxp clean 4096 @ /opt/app\n", "writable @");
    shows("r-xp altered 4096 @ /opt/app\n", "altered @");
    shows(APP "r-xp altered 4096 - [vdso]\n", "altered [vdso]");
    shows(APP "r-xp altered 1 - /lib/x.so\n", "altered /lib/x.so; system /lib/x.so");
    shows(APP "rwxp altered 1 - /tmp/x.so\n",
          "writable /tmp/x.so; altered /tmp/x.so; foreign /tmp/x.so");
}

Test(verifier_maps, a_second_file_with_the_apps_build_id)
{
    shows(APP "r-xp clean 4096 @ /tmp/x.so\n", "foreign /tmp/x.so");
}

Test(verifier_maps, reports_that_leave_out_or_cannot_be_read)
{
    shows("", "malformed process");
    shows(LIBC, "system /usr/lib/x86_64-linux-gnu/libc.so.6; malformed process");
    shows(APP "hello\n", "malformed process");
    shows(APP "r-xp clean 1 - /tmp/x.so", "malformed process");
}
