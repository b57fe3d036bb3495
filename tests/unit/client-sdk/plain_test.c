#include "plain.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static char path[] = "/tmp/vouchsafe-plain-XXXXXX";

static void setup(void)
{
    int fd = mkstemp(path);

    cr_assert(fd >= 0 && write(fd, "0123456789", 10) == 10);
    close(fd);
}

static void teardown(void)
{
    unlink(path);
}

TestSuite(plain, .init = setup, .fini = teardown);

Test(plain, a_call_is_that_call)
{
    cr_assert_eq(plain_call(SYS_getpid, 0, 0, 0, 0), getpid());
    cr_assert_lt(plain_call(SYS_close, -1, 0, 0, 0), 0);
}

Test(plain, a_file_is_read_from_anywhere_to_its_end)
{
    char bytes[16];
    int fd = plain_open(path);

    cr_assert_geq(fd, 0);
    cr_assert_eq(plain_pread(fd, bytes, 4, 3), 4);
    cr_assert_arr_eq(bytes, "3456", 4);
    cr_assert_eq(plain_pread(fd, bytes, sizeof bytes, 8), 2);
    cr_assert_eq(plain_pread(fd, bytes, sizeof bytes, 100), 0);
    cr_assert_eq(plain_read(fd, bytes, sizeof bytes), 10);
    cr_assert_eq(plain_read(fd, bytes, sizeof bytes), 0);
    plain_close(fd);
    cr_assert_lt(plain_read(fd, bytes, sizeof bytes), 0);
    cr_assert_eq(plain_pread(fd, bytes, sizeof bytes, 0), -1);
}

Test(plain, the_beginning_of_a_file)
{
    char bytes[16];
    size_t len;

    cr_assert_eq(plain_read_file(path, bytes, sizeof bytes, &len), ST_OK);
    cr_assert_eq(len, 10);
    cr_assert_eq(plain_read_file(path, bytes, 4, &len), ST_OK);
    cr_assert_eq(len, 4);
    cr_assert_eq(plain_read_file("/nowhere/at/all", bytes, 4, &len), ST_NOT_FOUND);
    cr_assert_eq(plain_read_file("/proc/self", bytes, 4, &len), ST_IO);
}
