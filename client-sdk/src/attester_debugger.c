#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "attester.h"
#include "plain.h"
#include "report.h"

#define TASKS "/proc/self/task"

enum { STATUS_MAX = 4096, PATH_CAP = 64 };

struct findings {
    struct slice tracer, seccomp;
    char tracer_text[24], seccomp_text[24];
};

/* Keeps the value of a line "Name:\tvalue"; "" if there is none. */
static void keep_value(struct slice text, const char *name, char *out, size_t cap)
{
    out[0] = '\0';
    while (text.len) {
        struct slice line = slice_cut(&text, '\n'), word = slice_cut(&line, ':');
        if (slice_is(word, name)) {
            if (slice_copy_text(slice_trim(line), out, cap))
                out[0] = '\0';
            return;
        }
    }
}

/* A debugger traces threads one by one: the first one that is counts. */
static enum status look_at_thread(const char *id, struct findings *out)
{
    char path[PATH_CAP], text[STATUS_MAX];
    size_t len;

    snprintf(path, sizeof path, TASKS "/%.20s/status", id);
    enum status st = plain_read_file(path, text, sizeof text, &len);
    if (st == ST_NOT_FOUND)
        return ST_OK; /* it has ended meanwhile */
    if (st)
        return st;
    struct slice status = { (const uint8_t *)text, len };
    if (!out->tracer.len || slice_is(out->tracer, "0"))
        keep_value(status, "TracerPid", out->tracer_text, sizeof out->tracer_text);
    keep_value(status, "Seccomp", out->seccomp_text, sizeof out->seccomp_text);
    out->tracer = slice_of(out->tracer_text);
    out->seccomp = slice_of(out->seccomp_text);
    return ST_OK;
}

/* struct linux_dirent64 of getdents64(2): inode, offset, length of this one, type, name. */
enum { LENGTH_AT = 16, NAME_AT = 19 };

static enum status look_at_some(const uint8_t *entries, size_t len, struct findings *out)
{
    enum status st = ST_OK;
    uint16_t step;

    for (size_t at = 0; at + NAME_AT < len && !st; at += step) {
        const char *name = (const char *)entries + at + NAME_AT;
        memcpy(&step, entries + at + LENGTH_AT, sizeof step);
        if (step <= NAME_AT || step > len - at)
            return ST_IO;
        if (name[0] != '.')
            st = look_at_thread(name, out);
    }
    return st;
}

static enum status look_at_threads(struct findings *out)
{
    _Alignas(8) uint8_t entries[2048];
    int fd = plain_open(TASKS);
    enum status st = ST_OK;
    long got = 1;

    if (fd < 0)
        return ST_IO;
    while (!st && got > 0) {
        got = plain_call(SYS_getdents64, fd, (long)entries, sizeof entries, 0);
        if (got > 0)
            st = look_at_some(entries, (size_t)got, out);
    }
    plain_close(fd);
    return got < 0 || !out->tracer.len ? ST_IO : st;
}

static void write_fact(struct writer *w, const char *name, struct slice value)
{
    report_fact_write(w, &(struct report_fact){ slice_of(name), value });
}

enum status attester_debugger(const struct probe *probe, struct writer *report)
{
    uint8_t digit = (uint8_t)('0' + plain_call(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0) % 10);
    struct findings found = { .tracer.len = 0 };
    enum status st = look_at_threads(&found);

    (void)probe;
    if (st)
        return st;
    write_fact(report, "tracer", found.tracer);
    write_fact(report, "seccomp", found.seccomp);
    write_fact(report, "dumpable", (struct slice){ &digit, 1 });
    return ST_OK;
}
