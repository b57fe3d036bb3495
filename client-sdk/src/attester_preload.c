#include <string.h>

#include "attester.h"
#include "plain.h"
#include "report.h"

#define PRELOAD_FILE "/etc/ld.so.preload"

enum { VALUE_MAX = 512, NAMES_MAX = 8 };

/* Goes through the environment that the process was started with (proc(5), /proc/pid/environ): what
 * it has set or deleted since is not what the loader saw. */
struct scanning {
    struct writer *report;
    bool seen[NAMES_MAX];
    size_t len;
    char variable[VALUE_MAX]; /* the beginning of the one that is being read */
};

static void end_variable(struct scanning *s)
{
    struct slice value = { (const uint8_t *)s->variable, s->len };
    struct slice name = slice_cut(&value, '=');

    for (size_t i = 0; REPORT_PRELOAD_NAMES[i]; i++)
        if (value.len && slice_is(name, REPORT_PRELOAD_NAMES[i])) {
            report_fact_write(s->report, &(struct report_fact){ name, value });
            s->seen[i] = true;
        }
    s->len = 0;
}

static void scan(struct scanning *s, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i] == '\0')
            end_variable(s);
        else if (s->len < sizeof s->variable)
            s->variable[s->len++] = bytes[i];
}

static enum status scan_environment(struct scanning *s)
{
    int fd = plain_open("/proc/self/environ");
    char bytes[2048];
    ssize_t got = 1;

    if (fd < 0)
        return ST_IO;
    while (got > 0) {
        got = plain_read(fd, bytes, sizeof bytes);
        if (got > 0)
            scan(s, bytes, (size_t)got);
    }
    end_variable(s);
    plain_close(fd);
    return got < 0 ? ST_IO : ST_OK;
}

/* ld.so(8): names between white space; what follows a '#' is not read. */
static struct slice without_comments(char *text, size_t len)
{
    bool comment = false;

    for (size_t i = 0; i < len; i++) {
        comment = text[i] == '#' || (comment && text[i] != '\n');
        if (comment || strchr("\n\t\r", text[i]))
            text[i] = ' ';
    }
    return slice_trim((struct slice){ (const uint8_t *)text, len });
}

static enum status scan_file(struct scanning *s)
{
    char text[VALUE_MAX];
    size_t len;
    enum status st = plain_read_file(PRELOAD_FILE, text, sizeof text, &len);

    if (st && st != ST_NOT_FOUND)
        return st;
    struct slice value = without_comments(text, len);
    if (value.len == 0)
        return ST_OK;
    report_fact_write(s->report, &(struct report_fact){ SLICE_LIT("ld.so.preload"), value });
    for (size_t i = 0; REPORT_PRELOAD_NAMES[i]; i++)
        s->seen[i] = s->seen[i] || strcmp(REPORT_PRELOAD_NAMES[i], "ld.so.preload") == 0;
    return ST_OK;
}

enum status attester_preload(const struct probe *probe, struct writer *report)
{
    struct scanning s = { .report = report };
    enum status st = scan_environment(&s);

    (void)probe;
    if (!st)
        st = scan_file(&s);
    for (size_t i = 0; REPORT_PRELOAD_NAMES[i] && !st; i++)
        if (!s.seen[i])
            report_fact_write(
                report, &(struct report_fact){ slice_of(REPORT_PRELOAD_NAMES[i]), { NULL, 0 } });
    return st;
}
