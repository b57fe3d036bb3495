#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "secret_pool.h"

struct secret {
    size_t len;
    uint8_t bytes[];
};
_Static_assert(sizeof(struct secret) + SECRET_LEN_MAX <= SECRET_ROOM_MAX, "room for the longest");

static enum status lock_away(struct slice bytes, size_t min, struct secret **out)
{
    if (bytes.len < min)
        return ST_INVALID;
    if (bytes.len > SECRET_LEN_MAX)
        return ST_TOO_LARGE;
    struct secret *s = secret_pool_take(sizeof *s + bytes.len);
    if (!s)
        return ST_NO_MEMORY;
    memcpy(s->bytes, bytes.data, bytes.len);
    s->len = bytes.len;
    *out = s;
    return ST_OK;
}

enum status secret_new(struct slice bytes, struct secret **out)
{
    return lock_away(bytes, SECRET_LEN_MIN, out);
}

void secret_free(struct secret *s)
{
    if (s)
        secret_pool_give(s);
}

struct slice secret_bytes(const struct secret *s)
{
    return (struct slice){ s->bytes, s->len };
}

static enum status check_owner(int fd, size_t *size)
{
    struct stat info;

    if (fstat(fd, &info) != 0)
        return ST_IO;
    *size = (size_t)info.st_size;
    if (!S_ISREG(info.st_mode) || info.st_mode & (S_IRWXG | S_IRWXO))
        return ST_DENIED;
    return info.st_uid == 0 || info.st_uid == geteuid() ? ST_OK : ST_DENIED;
}

/* Reads until the end, or cap, or all of the size that the file is said to have. */
static enum status read_all(int fd, uint8_t *out, size_t cap, size_t size, size_t *len)
{
    *len = 0;
    while (*len < cap) {
        ssize_t n = read(fd, out + *len, cap - *len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ST_IO;
        if (n == 0)
            return ST_OK;
        *len += (size_t)n;
        if (*len == size)
            return *len < cap ? ST_OK : ST_TOO_LARGE;
    }
    return ST_TOO_LARGE;
}

static enum status read_open(int fd, size_t size, size_t min, struct secret **out)
{
    uint8_t text[SECRET_LEN_MAX + 2];
    size_t len = 0;
    enum status st = read_all(fd, text, sizeof text, size, &len);

    if (!st) {
        if (len && text[len - 1] == '\n')
            len--;
        st = lock_away((struct slice){ text, len }, min, out);
    }
    secret_wipe(text, sizeof text);
    return st;
}

static enum status read_secret(const char *path, size_t min, struct secret **out)
{
    size_t size = 0;
    /* Not to wait for a FIFO's writer: check_owner refuses it then. */
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return errno == ENOENT                     ? ST_NOT_FOUND
               : errno == EACCES || errno == ELOOP ? ST_DENIED
                                                   : ST_IO;
    enum status st = check_owner(fd, &size);
    if (!st)
        st = read_open(fd, size, min, out);
    close(fd);
    return st;
}

enum status secret_read_open(int fd, size_t size, struct secret **out)
{
    return read_open(fd, size, SECRET_LEN_MIN, out);
}

enum status secret_read_file(const char *path, struct secret **out)
{
    return read_secret(path, SECRET_LEN_MIN, out);
}

enum status secret_read_password(const char *path, struct secret **out)
{
    return read_secret(path, 1, out);
}
