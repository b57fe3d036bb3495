#include "atomic_file.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], path[96];

static void setup(void)
{
    strcpy(folder, "/tmp/vouchsafe-atomic-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file", folder);
}

static void teardown(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(atomic_file, .init = setup, .fini = teardown);

static const char *content(void)
{
    static char text[64];
    FILE *file = fopen(path, "r");

    cr_assert_not_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static int entries(void)
{
    struct dirent **names;
    int n = scandir(folder, &names, NULL, NULL);

    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
    return n - 2;
}

Test(atomic_file, writes_and_replaces_privately)
{
    struct stat info;

    cr_assert_eq(atomic_file_write(path, SLICE_LIT("one")), ST_OK);
    cr_assert_str_eq(content(), "one");
    cr_assert_eq(atomic_file_write(path, SLICE_LIT("two!")), ST_OK);
    cr_assert_str_eq(content(), "two!");
    cr_assert_eq(stat(path, &info), 0);
    cr_assert_eq(info.st_mode & 0777, 0600);
    cr_assert_eq(entries(), 1, "nothing else is left");
}

Test(atomic_file, what_cannot_be_written_leaves_nothing)
{
    char other[128];

    snprintf(other, sizeof other, "%s/none/file", folder);
    cr_assert_eq(atomic_file_write(other, SLICE_LIT("x")), ST_IO);
    mkdir(path, 0700);
    cr_assert_eq(atomic_file_write(path, SLICE_LIT("x")), ST_IO, "a folder is in its place");
    cr_assert_eq(entries(), 1);
}

Test(atomic_file, folders_replace_no_full_folder)
{
    char from[96], to[96], inside[128];

    snprintf(from, sizeof from, "%s/from", folder);
    snprintf(to, sizeof to, "%s/to", folder);
    snprintf(inside, sizeof inside, "%s/x", to);
    mkdir(from, 0700);
    cr_assert_eq(atomic_file_move(from, to), ST_OK);
    cr_assert_eq(mkdir(inside, 0700), 0);
    mkdir(from, 0700);
    cr_assert_eq(atomic_file_move(from, to), ST_EXISTS);
    cr_assert_eq(access(inside, F_OK), 0);
}

Test(atomic_file, a_link_is_replaced_and_not_followed)
{
    char target[96];
    struct stat info;

    snprintf(target, sizeof target, "%s/target", folder);
    cr_assert_eq(atomic_file_write(target, SLICE_LIT("untouched")), ST_OK);
    cr_assert_eq(symlink(target, path), 0);
    cr_assert_eq(atomic_file_write(path, SLICE_LIT("new")), ST_OK);
    cr_assert_eq(lstat(path, &info), 0);
    cr_expect(S_ISREG(info.st_mode));
    cr_assert_eq(stat(target, &info), 0);
    cr_expect_eq(info.st_size, 9);
}

Test(atomic_file, names_without_a_folder_and_empty_files)
{
    struct stat info;

    cr_assert_eq(chdir(folder), 0);
    cr_assert_eq(atomic_file_write("here", (struct slice){ NULL, 0 }), ST_OK);
    cr_assert_eq(stat("here", &info), 0);
    cr_expect_eq(info.st_size, 0);
    cr_expect_eq(entries(), 1);
    cr_assert_eq(chdir("/"), 0);
}

Test(atomic_file, a_name_that_is_too_long_is_said)
{
    static char name[8192];

    memset(name, 'a', sizeof name - 1);
    cr_expect_eq(atomic_file_write(name, SLICE_LIT("x")), ST_IO);
    cr_expect_eq(errno, ENAMETOOLONG);
}
