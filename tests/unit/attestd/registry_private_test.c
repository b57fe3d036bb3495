#include "registry_private.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64], why[512];

static void make(void)
{
    char line[512];

    umask(077);
    strcpy(folder, "/tmp/vouchsafe-private-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(line, sizeof line,
             "cd %s; echo text > file; ln -s file link; mkfifo fifo; mkdir sub; echo > shared; "
             "chmod g+r shared; mkdir open; chmod o+x open; ln -s sub way; echo > sub/.hidden",
             folder);
    cr_assert_eq(system(line), 0);
}

static void remove_all(void)
{
    char line[128];

    snprintf(line, sizeof line, "rm -rf %s", folder);
    cr_assert_eq(system(line), 0);
}

TestSuite(registry_private, .init = make, .fini = remove_all);

static enum status open_it(const char *name)
{
    char path[128];
    size_t size = 0;
    int fd;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    enum status st = registry_open(path, NULL, &fd, &size, why, sizeof why);
    if (!st) {
        cr_assert_eq(size, 5);
        close(fd);
    }
    return st;
}

static enum status count_name(void *arg, const char *in, const char *name)
{
    (void)in, (void)name;
    ++*(unsigned *)arg;
    return ST_OK;
}

static enum status list_it(const char *name, unsigned *count)
{
    char path[128];

    *count = 0;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return registry_each(path, NULL, count_name, count, why, sizeof why);
}

Test(registry_private, files)
{
    static const struct {
        const char *name;
        enum status st;
        const char *word;
    } rows[] = { { "none", ST_NOT_FOUND, "/none: No such file" },
                 { "link", ST_DENIED, "/link: group or others" },
                 { "shared", ST_DENIED, "/shared: group or others may use it; chmod go-rwx" },
                 { "fifo", ST_IO, "/fifo: it is no file" },
                 { "sub", ST_IO, "/sub: it is no file" },
                 { "file/x", ST_IO, "/x: Not a directory" },
                 { "file", ST_OK, "" } };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        why[0] = '\0';
        cr_assert_eq(open_it(rows[i].name), rows[i].st, "%s", rows[i].name);
        cr_assert_not_null(strstr(why, rows[i].word), "%s", why);
    }
}

Test(registry_private, folders)
{
    static const struct {
        const char *name;
        enum status st;
        const char *word;
    } rows[] = { { "none", ST_NOT_FOUND, "/none: No such file" },
                 { "way", ST_DENIED, "/way: group or others" },
                 { "open", ST_DENIED, "/open: group or others may use it; chmod go-rwx" },
                 { "file", ST_IO, "/file: Not a directory" },
                 { "sub", ST_OK, "" } };
    unsigned count;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        why[0] = '\0';
        cr_assert_eq(list_it(rows[i].name, &count), rows[i].st, "%s", rows[i].name);
        cr_assert_eq(count, 0, "hidden names are none");
        cr_assert_not_null(strstr(why, rows[i].word), "%s", why);
    }
}

/* More than one call of the system's brings. */
Test(registry_private, every_name_in_a_folder)
{
    char line[256];
    unsigned count;

    snprintf(line, sizeof line, "cd %s/sub; for i in $(seq 1000); do echo > name-$i; done", folder);
    cr_assert_eq(system(line), 0);
    cr_assert_eq(list_it("sub", &count), ST_OK, "%s", why);
    cr_assert_eq(count, 1000);
}
