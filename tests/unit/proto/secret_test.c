#include "secret.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT "0123456789abcdef0123456789abcdef" /* SECRET_LEN_MIN bytes */

Test(secret, lengths_from_both_sides)
{
    uint8_t bytes[SECRET_LEN_MAX + 1] = { 1 };
    struct secret *s;

    cr_assert_eq(secret_new((struct slice){ bytes, SECRET_LEN_MIN - 1 }, &s), ST_INVALID);
    cr_assert_eq(secret_new((struct slice){ bytes, SECRET_LEN_MAX + 1 }, &s), ST_TOO_LARGE);
    cr_assert_eq(secret_new((struct slice){ bytes, SECRET_LEN_MIN }, &s), ST_OK);
    secret_free(s);
    cr_assert_eq(secret_new((struct slice){ bytes, SECRET_LEN_MAX }, &s), ST_OK);
    cr_assert(slice_equal(secret_bytes(s), (struct slice){ bytes, SECRET_LEN_MAX }));
    secret_free(s);
    secret_free(NULL);
}

static const char *write_file(const char *text, mode_t mode)
{
    static char path[64];

    snprintf(path, sizeof path, "/tmp/vouchsafe-secret-%d", (int)getpid());
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    cr_assert_eq(fchmod(fd, mode), 0);
    close(fd);
    return path;
}

static enum status read_back(const char *path, struct secret **out)
{
    enum status st = secret_read_file(path, out);

    unlink(path);
    return st;
}

Test(secret, files_that_others_may_read_are_refused)
{
    static const mode_t modes[] = { 0640, 0604, 0660, 0620, 0601 };
    struct secret *s;

    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        cr_assert_eq(read_back(write_file(TEXT, modes[i]), &s), ST_DENIED, "%o", modes[i]);
}

Test(secret, a_file_is_read_without_its_last_newline)
{
    static const char *const texts[] = { TEXT, TEXT "\n" };
    struct secret *s;

    for (size_t i = 0; i < 2; i++) {
        cr_assert_eq(read_back(write_file(texts[i], 0600), &s), ST_OK);
        cr_assert(slice_is(secret_bytes(s), TEXT));
        secret_free(s);
    }
    cr_assert_eq(read_back(write_file(TEXT "\n\n", 0400), &s), ST_OK);
    cr_assert(slice_is(secret_bytes(s), TEXT "\n"), "one newline, not all");
    secret_free(s);
}

Test(secret, what_is_no_secret_file)
{
    struct secret *s;

    cr_assert_eq(secret_read_file("/nowhere/at/all", &s), ST_NOT_FOUND);
    cr_assert_eq(secret_read_file("/tmp", &s), ST_DENIED);
    cr_assert_eq(read_back(write_file("short", 0600), &s), ST_INVALID);
    const char *path = write_file(TEXT, 0600);
    char other[64];
    snprintf(other, sizeof other, "/tmp/vouchsafe-secret-other-%d", (int)getpid());
    cr_assert_eq(symlink(path, other), 0);
    cr_assert_eq(secret_read_file(other, &s), ST_DENIED);
    unlink(other);
    cr_assert_eq(mkfifo(other, 0600), 0);
    alarm(10); /* opening a FIFO must not wait for its writer */
    cr_assert_eq(secret_read_file(other, &s), ST_DENIED);
    alarm(0);
    unlink(other);
    unlink(path);
}

Test(secret, comparison_and_wiping)
{
    uint8_t bytes[8] = "secret!";

    cr_assert(secret_equal(SLICE_LIT("abc"), SLICE_LIT("abc")));
    cr_assert_not(secret_equal(SLICE_LIT("abc"), SLICE_LIT("abd")));
    cr_assert_not(secret_equal(SLICE_LIT("abc"), SLICE_LIT("ab")));
    cr_assert_not(secret_equal(SLICE_LIT(""), SLICE_LIT("a")));
    cr_assert(secret_equal(SLICE_LIT(""), SLICE_LIT("")));
    secret_wipe(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        cr_assert_eq(bytes[i], 0);
}
