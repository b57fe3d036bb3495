#include "listener.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

Test(listener, places_that_are_none)
{
    static const char *const bad[] = {
        "",         "127.0.0.1",       ":8080",        "127.0.0.1:",     "localhost:80",
        "1.2.3:80", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:http", "[::1]",
        "::1:80",   "[::1]80"
    };
    const char *why = NULL;
    int fd;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_neq(listener_open(bad[i], &fd, &why), ST_OK, "%s", bad[i]);
        cr_assert_not_null(why, "%s", bad[i]);
    }
}

Test(listener, tcp_ports_are_shared_by_workers)
{
    const char *why;
    char where[32];
    int first, second;

    cr_assert_eq(listener_open("127.0.0.1:0", &first, &why), ST_OK);
    cr_assert_neq(listener_port(first), 0);
    snprintf(where, sizeof where, "127.0.0.1:%u", listener_port(first));
    cr_assert_eq(listener_open(where, &second, &why), ST_OK, "%s", why);
    cr_assert_eq(listener_port(second), listener_port(first));
    close(first);
    close(second);
}

static int try_connect(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int result = connect(fd, (struct sockaddr *)&address, sizeof address);
    close(fd);
    return result;
}

Test(listener, a_unix_socket_replaces_a_stale_one_and_no_other)
{
    char where[64], *path = where + 5;
    const char *why;
    struct stat info;
    int fd, other;

    snprintf(where, sizeof where, "unix:/tmp/vouchsafe-listener-%d", (int)getpid());
    cr_assert_eq(listener_open(where, &fd, &why), ST_OK);
    cr_assert_eq(stat(path, &info), 0);
    cr_assert_eq(info.st_mode & 07, 0, "not for others");
    cr_assert_eq(try_connect(path), 0);
    cr_assert_eq(listener_port(fd), 0);
    cr_assert_neq(listener_open(where, &other, &why), ST_OK, "somebody listens there");
    close(fd);
    cr_assert_eq(listener_open(where, &fd, &why), ST_OK, "stale: %s", why);
    cr_assert_eq(try_connect(path), 0);
    close(fd);
    unlink(path);
    FILE *file = fopen(path, "w");
    fclose(file);
    cr_assert_neq(listener_open(where, &fd, &why), ST_OK, "a file of somebody's is not removed");
    cr_assert_eq(access(path, F_OK), 0);
    unlink(path);
}

Test(listener, what_is_checked_is_what_opens)
{
    static const struct {
        const char *where;
        enum status st;
    } rows[] = {
        { "", ST_INVALID },
        { "unix:", ST_INVALID },
        { "127.0.0.1", ST_INVALID },
        { "::1:80", ST_INVALID },
        { "127.0.0.1:65536", ST_INVALID },
        { "localhost:0", ST_INVALID },
        { "127.0.0.1:0 proxy_v2", ST_OK },
        { "unix:/a proxy", ST_OK },
        { "proxy", ST_INVALID },
        { "127.0.0.1:0 x", ST_INVALID },
        { "127.0.0.1:0  proxy", ST_INVALID },
        { " proxy", ST_INVALID },
        { "127.0.0.1:0", ST_OK },
        { "127.0.0.1:65535", ST_OK },
        { "[::1]:0", ST_OK },
        { "[::]:8080", ST_OK },
        { "unix:/nowhere/a", ST_OK },
    };
    const char *why;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        why = NULL;
        cr_expect_eq(listener_check(rows[i].where, &why), rows[i].st, "%s", rows[i].where);
        cr_expect(rows[i].st == ST_OK || why, "%s", rows[i].where);
    }
}

Test(listener, a_word_behind_the_address)
{
    static const struct {
        const char *where, *address;
        enum proxy_mode proxy;
    } rows[] = {
        { "127.0.0.1:80", "127.0.0.1:80", PROXY_NONE },
        { "127.0.0.1:80 proxy_v2", "127.0.0.1:80", PROXY_V2 },
        { "unix:/a b proxy", "unix:/a b", PROXY_ANY },
        { "unix:/a b", "unix:/a b", PROXY_NONE },
        { "unix:/proxy", "unix:/proxy", PROXY_NONE },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect(slice_is(listener_address(rows[i].where), rows[i].address), "%s", rows[i].where);
        cr_expect_eq(listener_proxy(rows[i].where), rows[i].proxy, "%s", rows[i].where);
    }
}

Test(listener, the_length_of_a_path_from_both_sides)
{
    struct sockaddr_un address;
    char where[5 + sizeof address.sun_path + 1];
    const char *why;

    memset(where, 'a', sizeof where);
    memcpy(where, "unix:", 5);
    where[5 + sizeof address.sun_path] = '\0';
    cr_expect_eq(listener_check(where, &why), ST_INVALID);
    where[5 + sizeof address.sun_path - 1] = '\0';
    cr_expect_eq(listener_check(where, &why), ST_OK);
}

Test(listener, a_folder_that_is_not_there_is_said)
{
    const char *why = NULL;
    int fd = -1;

    cr_expect_eq(listener_open("unix:/nowhere/a", &fd, &why), ST_IO);
    cr_expect_str_eq(why, "No such file or directory");
}

Test(listener, neither_blocks_nor_survives_exec)
{
    const char *why;
    int fd;

    cr_assert_eq(listener_open("127.0.0.1:0", &fd, &why), ST_OK);
    cr_expect(fcntl(fd, F_GETFL) & O_NONBLOCK);
    cr_expect(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    cr_expect_eq(accept(fd, NULL, NULL), -1);
    close(fd);
}
