/* verifier_facts.c with its kinds, debugger and preload. */
#include "judged.h"

TestSuite(verifier_facts, .init = judged_setup, .fini = judged_teardown);

static void shows(enum probe_kind kind, const char *report, const char *expected)
{
    cr_assert_str_eq(judged(kind, report), expected, "%s", report);
}

Test(verifier_facts, debugger)
{
    shows(PROBE_DEBUGGER, "tracer 0\nseccomp 0\ndumpable 1\n", "");
    shows(PROBE_DEBUGGER, "dumpable 0\ntracer 0\nseccomp 2\n", "");
    shows(PROBE_DEBUGGER, "tracer 1\nseccomp 0\ndumpable 1\n", "traced process");
    shows(PROBE_DEBUGGER, "tracer \nseccomp 0\ndumpable 1\n", "traced process");
    shows(PROBE_DEBUGGER, "tracer 00\nseccomp 0\ndumpable 1\n", "traced process");
    shows(PROBE_DEBUGGER, "tracer 1\ntracer 0\nseccomp 0\ndumpable 1\n", "traced process");
    shows(PROBE_DEBUGGER, "seccomp 0\ndumpable 1\n", "malformed process");
    shows(PROBE_DEBUGGER, "tracer 0\nseccomp 0\ndumpable 1\nmood 5\n", "malformed process");
    shows(PROBE_DEBUGGER, "tracer 0\nseccomp 0\ndumpable 1", "malformed process");
    shows(PROBE_DEBUGGER, "", "malformed process");
}

#define REST "LD_AUDIT \nLD_LIBRARY_PATH \nld.so.preload \n"

Test(verifier_facts, preload)
{
    shows(PROBE_PRELOAD, "LD_PRELOAD \n" REST, "");
    shows(PROBE_PRELOAD, "LD_PRELOAD /a.so /b.so\n" REST, "preloaded LD_PRELOAD > /a.so /b.so");
    shows(PROBE_PRELOAD, "LD_PRELOAD /a.so\nLD_PRELOAD \n" REST, "preloaded LD_PRELOAD > /a.so");
    shows(PROBE_PRELOAD, "LD_PRELOAD \nLD_AUDIT /a\nLD_LIBRARY_PATH /b\nld.so.preload /c\n",
          "preloaded LD_AUDIT > /a; preloaded LD_LIBRARY_PATH > /b; preloaded ld.so.preload > /c");
    shows(PROBE_PRELOAD, REST, "malformed process");
    shows(PROBE_PRELOAD, "", "malformed process");
}
