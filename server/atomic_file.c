#include "atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum status write_all(int fd, struct slice bytes)
{
    while (bytes.len) {
        ssize_t n = write(fd, bytes.data, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ST_IO;
        bytes.data += n;
        bytes.len -= (size_t)n;
    }
    return ST_OK;
}

static enum status sync_folder_of(const char *path)
{
    char folder[PATH_MAX];
    const char *end = strrchr(path, '/');
    size_t len = end ? (size_t)(end - path) : 1;

    if (slice_copy_text((struct slice){ (const uint8_t *)(end ? path : "."), len }, folder,
                        sizeof folder))
        return ST_IO;
    int fd = open(len ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return ST_IO;
    int bad = fsync(fd);
    close(fd);
    return bad ? ST_IO : ST_OK;
}

static enum status write_synced(const char *path, struct slice bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return ST_IO;
    enum status st = write_all(fd, bytes);
    if (!st && fsync(fd) != 0)
        st = ST_IO;
    return close(fd) != 0 ? ST_IO : st;
}

enum status atomic_file_move(const char *from, const char *to)
{
    if (rename(from, to) != 0)
        return errno == EEXIST || errno == ENOTEMPTY ? ST_EXISTS : ST_IO;
    return sync_folder_of(to);
}

#define MARK ".new-"

bool atomic_file_is_unfinished(const char *name)
{
    const char *mark = strstr(name, MARK);
    const char *pid = mark ? mark + strlen(MARK) : "";

    return *pid && strspn(pid, "0123456789") == strlen(pid);
}

enum status atomic_file_write(const char *path, struct slice bytes)
{
    char other[PATH_MAX];
    int n = snprintf(other, sizeof other, "%s" MARK "%d", path, (int)getpid());

    if (n < 0 || (size_t)n >= sizeof other) {
        errno = ENAMETOOLONG;
        return ST_IO;
    }
    enum status st = write_synced(other, bytes);
    if (!st)
        st = atomic_file_move(other, path);
    if (st) {
        int saved = errno;
        unlink(other);
        errno = saved;
    }
    return st;
}
