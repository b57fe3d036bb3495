#include "sources.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A row changes the folder of its number, after all of them were read. */
static const struct {
    const char *command;
    bool same;
} rows[] = {
    { "true", true },
    { "cat file > /dev/null; ls > /dev/null", true },
    { "echo z > file", false },
    { "echo longer >> file", false },
    { "cp -p file /tmp/$$; echo z > file; touch -r /tmp/$$ file; rm /tmp/$$", false },
    { "touch file", false },
    { "chmod 640 file", false },
    { "cp -p file new; mv new file", false },
    { "rm file", false },
    { "rm file; ln -s /dev/null file", false },
    { "echo > other", false },
    { "chmod 750 .", false },
    { "cp -rp . ../copy; rm -r ../$(basename $PWD); mv ../copy ../$(basename $PWD)", false },
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static char folder[64];

static void path_of(size_t row, const char *name, char out[static 128])
{
    snprintf(out, 128, "%s/%zu%s", folder, row, name);
}

static void run(size_t row, const char *command)
{
    char path[128], line[512];

    path_of(row, "", path);
    snprintf(line, sizeof line, "mkdir -p %s && cd %s && (%s)", path, path, command);
    cr_assert_eq(system(line), 0, "%s", line);
}

static void add(struct sources *s, const char *path)
{
    struct stat info;

    cr_assert_eq(lstat(path, &info), 0);
    sources_add(s, path, &info);
}

static struct sources read_row(size_t row)
{
    char root[128], file[128];

    path_of(row, "", root);
    path_of(row, "/file", file);
    struct sources s = sources_begin(root, NULL);
    add(&s, root);
    add(&s, file);
    sources_end(&s);
    return s;
}

static bool is_same(const struct sources *s, size_t row)
{
    char root[128];

    path_of(row, "", root);
    return sources_unchanged(s, root);
}

static void make(void)
{
    umask(077);
    strcpy(folder, "/tmp/vouchsafe-sources-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    for (size_t i = 0; i < ROWS; i++)
        run(i, "echo y > file");
}

static void remove_all(void)
{
    char line[128];

    snprintf(line, sizeof line, "rm -rf %s", folder);
    cr_assert_eq(system(line), 0);
}

TestSuite(sources, .init = make, .fini = remove_all);

Test(sources, every_change_is_seen)
{
    struct sources read[ROWS];

    sleep(4); /* until what was made is old enough to be told from what comes */
    for (size_t i = 0; i < ROWS; i++)
        read[i] = read_row(i);
    for (size_t i = 0; i < ROWS; i++) {
        cr_assert(is_same(&read[i], i), "%zu", i);
        run(i, rows[i].command);
        cr_assert_eq(is_same(&read[i], i), rows[i].same, "%s", rows[i].command);
        sources_clear(&read[i]);
        cr_assert_not(is_same(&read[i], i), "nothing is known of it any more");
    }
}

Test(sources, what_has_just_changed_is_not_trusted)
{
    struct sources s = read_row(0);

    cr_assert_not(is_same(&s, 0));
    sources_clear(&s);
}

/* As on a file system whose clock is ahead. */
Test(sources, nor_what_changes_tomorrow)
{
    run(0, "touch -d tomorrow file");
    sleep(4);
    struct sources s = read_row(0);
    cr_assert_not(is_same(&s, 0));
    sources_clear(&s);
}

Test(sources, what_lies_elsewhere_is_not_known)
{
    char root[128];

    sleep(4);
    path_of(0, "", root);
    struct sources s = sources_begin(root, NULL);
    add(&s, root);
    add(&s, "/usr");
    sources_end(&s);
    cr_assert_not(is_same(&s, 0));
    sources_clear(&s);
}

Test(sources, who_may_use_it)
{
    static const struct {
        mode_t mode;
        uid_t other;
        bool private;
    } cases[] = { { 0600, 0, true },  { 0700, 0, true },  { 0640, 0, false }, { 0604, 0, false },
                  { 0601, 0, false }, { 0600, 1, false }, { 0600, 2, false } };
    struct sources s = sources_begin("/", NULL);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uid_t uid = cases[i].other ? geteuid() + cases[i].other : geteuid();
        const struct stat info = { .st_mode = S_IFREG | cases[i].mode, .st_uid = uid };
        cr_assert_eq(sources_private(&s, &info), cases[i].private, "%zu", i);
        cr_assert_eq(sources_private(NULL, &info), cases[i].private, "%zu", i);
    }
}
