/* report: what an app says of its own process where no server can know the answer: lines of
 * printable ASCII, each ended by a line feed, fields between single spaces.
 *
 * A report is the data of its probe's digest, so that it is worth nothing for another challenge
 * or key. It is the app's word: who ends its TLS may change both. */
#pragma once
#include "build_id.h"

enum { REPORT_MAX = 32 * 1024 }; /* bytes of one report */

/* Each *_next cuts the first line off *report: ST_OK; ST_NOT_FOUND when nothing is left;
 * ST_INVALID for what is no such line. Slices borrow from the report. */

/* maps: code that is mapped: "r-xp clean 4096 0011aabb... /usr/lib/x.so", of the permissions as
 * proc(5) writes them, "clean" or "altered" (some page is not as its file has it), bytes, the
 * build-id of the module or "-", and the path, or what is in brackets, "[anonymous]" for none. */
struct report_mapping {
    bool readable, writable, shared, altered;
    uint64_t bytes;
    struct build_id build_id; /* of length 0: none */
    struct slice path;
};
enum status report_mapping_next(struct slice *report, struct report_mapping *out) MUST_USE;
void report_mapping_write(struct writer *w, const struct report_mapping *m);

/* imports: "module 0011aabb... /usr/lib/x.so", numbered from 0 as they come, and for each slot
 * that was asked "slot 81920 0 1a2b": its number, the module's and the hexadecimal offset from
 * the module's load bias that it leads to; or "slot 81920 none", for a null pointer. */
struct report_import {
    enum { REPORT_MODULE, REPORT_SLOT, REPORT_EMPTY_SLOT } what;
    struct build_id build_id; /* module */
    struct slice path;        /* module */
    uint32_t slot;
    uint32_t module; /* slot */
    uint64_t offset; /* slot */
};
enum status report_import_next(struct slice *report, struct report_import *out) MUST_USE;
void report_import_write(struct writer *w, const struct report_import *i);

/* debugger, preload: "tracer 0", "LD_PRELOAD /tmp/x.so": a name and its value, which may be
 * empty. */
struct report_fact {
    struct slice name;
    struct slice value;
};
enum status report_fact_next(struct slice *report, struct report_fact *out) MUST_USE;
void report_fact_write(struct writer *w, const struct report_fact *f);

/* The names that a report of debugger and one of preload has, all of them; ends with NULL. Of
 * the debugger's, "tracer" is 0 or the process that traces, "seccomp" as in proc(5), "dumpable" as
 * in prctl(2); of preload's, "ld.so.preload" is the file in /etc and the others are variables. */
extern const char *const REPORT_DEBUGGER_NAMES[];
extern const char *const REPORT_PRELOAD_NAMES[];
