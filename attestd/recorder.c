#include "recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct recorder {
    _Atomic unsigned count;
    uint64_t max_bytes;
    pthread_mutex_t lock; /* of fd */
    int fd;               /* -1: not open */
    char path[PATH_MAX];
};

/* --- the file --- */

static bool is_ours(const struct stat *info)
{
    return S_ISREG(info->st_mode) && !(info->st_mode & (S_IRWXG | S_IRWXO)) &&
           (info->st_uid == geteuid() || info->st_uid == 0);
}

static enum status open_file(struct recorder *r)
{
    struct stat info;

    if (r->fd >= 0)
        return ST_OK;
    r->fd = open(r->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                 S_IRUSR | S_IWUSR);
    if (r->fd >= 0 && fstat(r->fd, &info) == 0 && is_ours(&info))
        return ST_OK;
    if (r->fd >= 0)
        close(r->fd);
    r->fd = -1;
    return ST_IO;
}

static void close_file(struct recorder *r)
{
    if (r->fd >= 0)
        close(r->fd);
    r->fd = -1;
}

/* Whether the path still leads to the file that is open: another one may have moved it away. */
static bool is_in_place(const struct recorder *r, const struct stat *open_one)
{
    struct stat named;

    return lstat(r->path, &named) == 0 && named.st_ino == open_one->st_ino &&
           named.st_dev == open_one->st_dev;
}

static enum status rotate(struct recorder *r)
{
    char former[PATH_MAX + 2];

    snprintf(former, sizeof former, "%s.1", r->path);
    close_file(r);
    return rename(r->path, former) == 0 ? open_file(r) : ST_IO;
}

/* An open file in its place with room for so many bytes; *size is what it has. */
static enum status make_room(struct recorder *r, size_t len, off_t *size)
{
    struct stat info;

    if (open_file(r) || fstat(r->fd, &info) != 0)
        return ST_IO;
    if (!is_in_place(r, &info)) {
        close_file(r);
        if (open_file(r) || fstat(r->fd, &info) != 0)
            return ST_IO;
    }
    if ((uint64_t)info.st_size + len > r->max_bytes && info.st_size > 0) {
        if (rotate(r) || fstat(r->fd, &info) != 0)
            return ST_IO;
    }
    *size = info.st_size;
    return ST_OK;
}

static enum status append(struct recorder *r, struct slice line)
{
    off_t size;
    ssize_t n;

    if (make_room(r, line.len, &size))
        return ST_IO;
    do {
        n = write(r->fd, line.data, line.len);
    } while (n < 0 && errno == EINTR);
    if (n == (ssize_t)line.len)
        return ST_OK;
    /* Half a line would spoil the next one. */
    if (n > 0 && ftruncate(r->fd, size) != 0)
        close_file(r);
    return ST_IO;
}

enum status recorder_write(struct recorder *r, struct slice line)
{
    if (line.len > r->max_bytes)
        return ST_TOO_LARGE;
    pthread_mutex_lock(&r->lock);
    enum status st = append(r, line);
    pthread_mutex_unlock(&r->lock);
    return st;
}

/* --- life --- */

static enum status check_folder(const char *path, char *why, size_t why_cap)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');

    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1,
             slash ? path : ".");
    if (access(folder, W_OK | X_OK) == 0)
        return ST_OK;
    snprintf(why, why_cap, "%s: %s", folder, strerror(errno));
    return errno == ENOENT ? ST_NOT_FOUND : ST_DENIED;
}

static enum status check(const char *path, char *why, size_t why_cap)
{
    struct stat info;

    if (strlen(path) >= PATH_MAX) {
        snprintf(why, why_cap, "the path is too long");
        return ST_TOO_LARGE;
    }
    if (lstat(path, &info) != 0)
        return check_folder(path, why, why_cap);
    if (is_ours(&info))
        return ST_OK;
    snprintf(why, why_cap, "%s: it must be a file of this user that nobody else may use", path);
    return ST_DENIED;
}

enum status recorder_new(const char *path, uint64_t max_bytes, struct recorder **out, char *why,
                         size_t why_cap)
{
    enum status st = check(path, why, why_cap);
    struct recorder *r = st ? NULL : calloc(1, sizeof *r);

    if (!r)
        return st ? st : ST_NO_MEMORY;
    atomic_init(&r->count, 1);
    r->max_bytes = max_bytes;
    r->fd = -1;
    strcpy(r->path, path);
    pthread_mutex_init(&r->lock, NULL);
    *out = r;
    return ST_OK;
}

struct recorder *recorder_hold(struct recorder *r)
{
    if (r)
        atomic_fetch_add_explicit(&r->count, 1, memory_order_relaxed);
    return r;
}

void recorder_drop(struct recorder *r)
{
    if (!r || atomic_fetch_sub_explicit(&r->count, 1, memory_order_acq_rel) != 1)
        return;
    close_file(r);
    pthread_mutex_destroy(&r->lock);
    free(r);
}
