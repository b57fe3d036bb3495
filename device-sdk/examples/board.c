#include "board.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SEND_PATIENCE_MS = 2000 };

static const struct board_option *find(const struct board_option *options, size_t count,
                                       const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(options[i].name, name) == 0)
            return &options[i];
    return NULL;
}

bool board_options(int argc, char **argv, const struct board_option *options, size_t count)
{
    for (int i = 1; i < argc; i += 2) {
        const struct board_option *option = find(options, count, argv[i]);
        if (!option || i + 1 == argc) {
            fprintf(stderr, "%s: unknown, or without a value\n", argv[i]);
            return false;
        }
        *option->value = argv[i + 1];
    }
    for (size_t i = 0; i < count; i++)
        if (!*options[i].value) {
            fprintf(stderr, "%s is missing\n", options[i].name);
            return false;
        }
    return true;
}

size_t board_read_file(const char *path, char *out, size_t cap)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, out, cap);

    if (n < 1)
        fprintf(stderr, "%s: %s\n", path, n < 0 ? strerror(errno) : "empty");
    if (fd >= 0)
        close(fd);
    return n < 1 ? 0 : (size_t)n;
}

bool board_write_file(const char *path, const char *text)
{
    char fresh[4096];
    int n = snprintf(fresh, sizeof fresh, "%s.new", path);

    if (n < 0 || (size_t)n >= sizeof fresh)
        return false;
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool good = board_send(fd, (const uint8_t *)text, strlen(text)) && fsync(fd) == 0;
    close(fd);
    return good && rename(fresh, path) == 0;
}

int64_t board_clock(void *arg)
{
    (void)arg;
    return (int64_t)time(NULL);
}

uint32_t board_uptime(void *arg)
{
    struct timespec now;

    (void)arg;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)now.tv_sec;
}

bool board_send(int fd, const uint8_t *data, size_t len)
{
    while (len) {
        ssize_t n = write(fd, data, len);
        if (n > 0) {
            data += n;
            len -= (size_t)n;
            continue;
        }
        struct pollfd room = { .fd = fd, .events = POLLOUT };
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            return false;
        if (errno == EAGAIN && poll(&room, 1, SEND_PATIENCE_MS) != 1)
            return false;
    }
    return true;
}
