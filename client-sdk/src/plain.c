#include "plain.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>

int plain_open(const char *path)
{
    return (int)plain_call(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0);
}

void plain_close(int fd)
{
    plain_call(SYS_close, fd, 0, 0, 0);
}

ssize_t plain_read(int fd, void *out, size_t len)
{
    ssize_t got;

    do {
        got = plain_call(SYS_read, fd, (long)out, (long)len, 0);
    } while (got == -EINTR);
    return got;
}

ssize_t plain_pread(int fd, void *out, size_t len, uint64_t from)
{
    size_t done = 0;

    while (done < len) {
        ssize_t got = plain_call(SYS_pread64, fd, (long)((uint8_t *)out + done), (long)(len - done),
                                 (long)(from + done));
        if (got == -EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

enum status plain_read_file(const char *path, void *out, size_t cap, size_t *len)
{
    int fd = plain_open(path);
    ssize_t got = 1;

    *len = 0;
    if (fd < 0)
        return ST_NOT_FOUND;
    while (*len < cap && got > 0) {
        got = plain_read(fd, (uint8_t *)out + *len, cap - *len);
        *len += got > 0 ? (size_t)got : 0;
    }
    plain_close(fd);
    return got < 0 ? ST_IO : ST_OK;
}
