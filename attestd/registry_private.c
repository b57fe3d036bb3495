#include "registry_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { NAMES_LEN = 8192 }; /* not opendir's 32 KiB from the heap, and two calls less */

static enum status failed(const char *path, char *why, size_t why_cap)
{
    enum status st = errno == ENOENT ? ST_NOT_FOUND : ST_IO;

    snprintf(why, why_cap, "%s: %s", path, strerror(errno));
    return st;
}

static enum status check(const struct stat *info, const char *path, const struct sources *sources,
                         char *why, size_t why_cap)
{
    bool shared = S_ISLNK(info->st_mode) || info->st_mode & (S_IRWXG | S_IRWXO);

    if (!shared && sources_private(sources, info))
        return ST_OK;
    snprintf(why, why_cap, "%s: %s", path,
             shared ? "group or others may use it; chmod go-rwx" : "it belongs to somebody else");
    return ST_DENIED;
}

static enum status look_at(const char *path, struct sources *sources, char *why, size_t why_cap)
{
    struct stat info;

    if (lstat(path, &info) != 0)
        return failed(path, why, why_cap);
    sources_add(sources, path, &info);
    return check(&info, path, sources, why, why_cap);
}

enum status registry_check_private(const char *path, char *why, size_t why_cap)
{
    return look_at(path, NULL, why, why_cap);
}

enum status registry_enter(const char *folder, struct sources *sources, char *why, size_t why_cap)
{
    sources_enter(sources, folder);
    return look_at(folder, sources, why, why_cap);
}

static enum status check_open(int fd, const char *path, mode_t kind, struct sources *sources,
                              size_t *size, char *why, size_t why_cap)
{
    struct stat info;

    if (fstat(fd, &info) != 0)
        return failed(path, why, why_cap);
    sources_add(sources, path, &info);
    *size = (size_t)info.st_size;
    enum status st = check(&info, path, sources, why, why_cap);
    if (!st && (info.st_mode & S_IFMT) != kind) {
        snprintf(why, why_cap, "%s: it is no file", path);
        st = ST_IO;
    }
    return st;
}

/* What is no file of ours to open says more than that it was not opened. */
static enum status not_opened(const char *path, char *why, size_t why_cap)
{
    int error = errno;
    enum status st = registry_check_private(path, why, why_cap);

    if (st)
        return st;
    errno = error;
    return failed(path, why, why_cap);
}

enum status registry_open(const char *path, struct sources *sources, int *fd, size_t *size,
                          char *why, size_t why_cap)
{
    /* Not to wait for a FIFO's writer. */
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (*fd < 0)
        return not_opened(path, why, why_cap);
    enum status st = check_open(*fd, path, S_IFREG, sources, size, why, why_cap);
    if (st)
        close(*fd);
    return st;
}

/* --- names in a folder --- */

static enum status each_name(int fd, const char *folder, registry_name_fn *fn, void *arg, char *why,
                             size_t why_cap)
{
    _Alignas(struct dirent64) char room[NAMES_LEN];
    ssize_t len;

    while ((len = getdents64(fd, room, sizeof room)) > 0)
        for (ssize_t at = 0; at < len;) {
            const struct dirent64 *entry = (const struct dirent64 *)(const void *)(room + at);
            enum status st = entry->d_name[0] == '.' ? ST_OK : fn(arg, folder, entry->d_name);
            if (st)
                return st;
            at += entry->d_reclen;
        }
    return len == 0 ? ST_OK : failed(folder, why, why_cap);
}

enum status registry_each(const char *folder, struct sources *sources, registry_name_fn *fn,
                          void *arg, char *why, size_t why_cap)
{
    size_t size;

    sources_enter(sources, folder);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return not_opened(folder, why, why_cap);
    enum status st = check_open(fd, folder, S_IFDIR, sources, &size, why, why_cap);
    if (!st)
        st = each_name(fd, folder, fn, arg, why, why_cap);
    close(fd);
    return st;
}
