#include "folder_watch.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static struct event_base *base;
static struct folder_watch *watch;
static unsigned told;

static void on_told(void *arg)
{
    (*(unsigned *)arg)++;
}

static void run(const char *command)
{
    char line[512];

    snprintf(line, sizeof line, "cd %s && %s", folder, command);
    cr_assert_eq(system(line), 0, "%s", line);
}

static void add(const char *name)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    folder_watch_add(watch, path);
    cr_assert_eq(folder_watch_trouble(watch), ST_OK);
}

static void start(void)
{
    strcpy(folder, "/tmp/vouchsafe-watch-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    run("mkdir -p a/b .hidden && echo x > a/b/file && ln -s /tmp link");
    base = event_base_new();
    told = 0;
    cr_assert_eq(folder_watch_new(base, on_told, &told, &watch), ST_OK);
    add("");
    add("a");
    add("a/b");
}

static void stop(void)
{
    char line[128];

    folder_watch_free(watch);
    event_base_free(base);
    snprintf(line, sizeof line, "rm -rf %s", folder);
    cr_assert_eq(system(line), 0);
}

/* Long enough for what has been noticed to be told. */
static void settle(void)
{
    const struct timeval enough = { .tv_usec = 4 * WATCH_QUIET_MS * 1000 };

    event_base_loopexit(base, &enough);
    event_base_dispatch(base);
}

TestSuite(folder_watch, .init = start, .fini = stop);

static const char *const changes[] = {
    "echo y > a/b/file",         "echo > a/new", "mv a/b/file a/b/other",
    "chmod 600 a/b/other",       "rm a/new",     "mkdir a/c",
    "mkdir .x && mv .x a/moved", "rmdir a/c",    "touch .",
};

Test(folder_watch, every_change_is_told_once)
{
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        told = 0;
        run(changes[i]);
        settle();
        cr_assert_eq(told, 1, "%s: %u", changes[i], told);
    }
}

static const char *const others[] = {
    "cat a/b/file",
    "ls -R . > /dev/null",
    "echo > .new-file",
    "echo > .hidden/x",
    "echo > link/vouchsafe-none; rm link/vouchsafe-none",
};

Test(folder_watch, what_is_no_change_is_not_told)
{
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        run(others[i]);
        settle();
        cr_assert_eq(told, 0, "%s", others[i]);
    }
    run("echo z > a/b/file");
    settle();
    cr_assert_eq(told, 1);
}

Test(folder_watch, many_changes_are_told_together)
{
    run("for i in $(seq 500); do echo $i > a/b/$i; done");
    settle();
    cr_assert_eq(told, 1);
}

Test(folder_watch, folders_that_have_come_are_watched_once_they_are_added)
{
    run("mkdir a/late");
    settle();
    cr_assert_eq(told, 1);
    run("echo > a/late/file");
    settle();
    cr_assert_eq(told, 1);
    add("a/late");
    run("echo > a/late/file");
    settle();
    cr_assert_eq(told, 2);
}

/* One that is moved into place under the same name is another folder. */
Test(folder_watch, a_folder_is_watched_as_long_as_it_is_there)
{
    run("rm -r a/b");
    settle();
    run("mkdir .b && mv .b a/b");
    settle();
    told = 0;
    run("echo > a/b/file");
    settle();
    cr_assert_eq(told, 0);
    add("a/b");
    add("a/b");
    run("echo > a/b/file");
    settle();
    cr_assert_eq(told, 1);
}

Test(folder_watch, what_is_no_folder_disturbs_nothing)
{
    add("none");
    add("a/b/file");
    run("echo y > a/b/file");
    settle();
    cr_assert_eq(told, 1);
}
