#include "recorder.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], path[72], former[80], why[256];
static struct recorder *recorder;

static void start(void)
{
    umask(077);
    strcpy(folder, "/tmp/vouchsafe-record-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file", folder);
    snprintf(former, sizeof former, "%s.1", path);
}

static void stop(void)
{
    char line[128];

    recorder_drop(recorder);
    snprintf(line, sizeof line, "rm -rf %s", folder);
    cr_assert_eq(system(line), 0);
}

TestSuite(recorder, .init = start, .fini = stop);

static void make(uint64_t max_bytes)
{
    cr_assert_eq(recorder_new(path, max_bytes, &recorder, why, sizeof why), ST_OK, "%s", why);
}

static off_t size_of(const char *name)
{
    struct stat info;

    return stat(name, &info) == 0 ? info.st_size : -1;
}

static enum status put(const char *line)
{
    return recorder_write(recorder, slice_of(line));
}

Test(recorder, a_file_of_ours_alone)
{
    struct stat info;

    make(100);
    cr_assert_eq(size_of(path), -1, "not made before there is something to write");
    cr_assert_eq(put("one\n"), ST_OK);
    cr_assert_eq(put("two\n"), ST_OK);
    cr_assert_eq(size_of(path), 8);
    cr_assert_eq(stat(path, &info), 0);
    cr_assert_eq(info.st_mode & 0777, 0600);
}

Test(recorder, files_that_others_may_use_are_refused)
{
    char line[256];

    snprintf(line, sizeof line, "touch %s && chmod 640 %s", path, path);
    cr_assert_eq(system(line), 0);
    cr_assert_eq(recorder_new(path, 100, &recorder, why, sizeof why), ST_DENIED);
    cr_assert_not_null(strstr(why, path));
    snprintf(line, sizeof line, "chmod 600 %s", path);
    cr_assert_eq(system(line), 0);
    make(100);
    snprintf(line, sizeof line, "chmod 606 %s", path);
    cr_assert_eq(system(line), 0);
    cr_assert_eq(put("one\n"), ST_IO, "nor later");
    snprintf(line, sizeof line, "rm %s && ln -s /tmp/vouchsafe-elsewhere %s", path, path);
    cr_assert_eq(system(line), 0);
    cr_assert_eq(put("one\n"), ST_IO, "nor a link");
    snprintf(line, sizeof line, "rm %s", path);
    cr_assert_eq(system(line), 0);
    cr_assert_eq(put("one\n"), ST_OK);
}

Test(recorder, a_folder_that_is_not_there)
{
    cr_assert_eq(recorder_new("/nowhere/file", 100, &recorder, why, sizeof why), ST_NOT_FOUND);
    recorder = NULL;
}

Test(recorder, it_does_not_grow_past_its_bound)
{
    make(10);
    cr_assert_eq(put("01234567890"), ST_TOO_LARGE, "one byte too many");
    cr_assert_eq(put("012345678\n"), ST_OK);
    cr_assert_eq(size_of(path), 10);
    cr_assert_eq(size_of(former), -1);
    cr_assert_eq(put("x\n"), ST_OK);
    cr_assert_eq(size_of(path), 2);
    cr_assert_eq(size_of(former), 10);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(put("abc\n"), ST_OK);
    cr_assert_leq(size_of(path), 10);
    cr_assert_leq(size_of(former), 10);
}

Test(recorder, a_file_that_somebody_moves_away_is_made_anew)
{
    make(100);
    cr_assert_eq(put("one\n"), ST_OK);
    cr_assert_eq(rename(path, former), 0);
    cr_assert_eq(put("two\n"), ST_OK);
    cr_assert_eq(size_of(path), 4);
    cr_assert_eq(size_of(former), 4);
}

/* A limit on the size of files cuts a write off as a full disk does. */
Test(recorder, a_line_that_finds_no_room_leaves_nothing)
{
    struct rlimit limit;

    signal(SIGXFSZ, SIG_IGN);
    make(1000);
    cr_assert_eq(put("first\n"), ST_OK);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = 10;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_assert_eq(put("second line\n"), ST_IO);
    cr_assert_eq(size_of(path), 6, "not half of it");
    cr_assert_eq(put("2nd\n"), ST_OK, "what fits is written");
    limit.rlim_cur = limit.rlim_max;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_assert_eq(put("third\n"), ST_OK);
    cr_assert_eq(size_of(path), 16);
}

static void *write_many(void *arg)
{
    for (int i = 0; i < 2000; i++)
        cr_assert_eq(recorder_write(arg, SLICE_LIT("0123456789\n")), ST_OK);
    return NULL;
}

Test(recorder, threads_write_whole_lines)
{
    pthread_t threads[4];
    char line[64];

    make(1000 * 1000);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, write_many, recorder), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file);
    size_t lines = 0;
    for (; fgets(line, sizeof line, file); lines++)
        cr_assert_str_eq(line, "0123456789\n");
    fclose(file);
    cr_assert_eq(lines, 8000);
}
