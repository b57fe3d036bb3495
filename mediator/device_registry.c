#include "device_registry.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "atomic_file.h"
#include "secret.h"

#define SUFFIX ".json"

struct device_registry {
    size_t count, room;
    struct device *devices; /* sorted by id */
};

static enum status failed(const char *path, char *why, size_t why_cap)
{
    enum status st = errno == ENOENT ? ST_NOT_FOUND : ST_IO;

    snprintf(why, why_cap, "%s: %s", path, strerror(errno));
    return st;
}

/* Of this user or root, and nobody else's to look into. */
static bool is_private(const struct stat *info)
{
    return !(info->st_mode & (S_IRWXG | S_IRWXO)) &&
           (info->st_uid == geteuid() || info->st_uid == 0);
}

static enum status check_folder(const char *folder, char *why, size_t why_cap)
{
    struct stat info;

    if (stat(folder, &info) != 0)
        return failed(folder, why, why_cap);
    if (S_ISDIR(info.st_mode) && is_private(&info))
        return ST_OK;
    snprintf(why, why_cap, "%s: it must be a folder of this user that nobody else may enter",
             folder);
    return ST_DENIED;
}

/* --- one file --- */

static enum status read_bytes(int fd, uint8_t *room, size_t cap, size_t *len)
{
    *len = 0;
    while (*len < cap) {
        ssize_t n = read(fd, room + *len, cap - *len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? ST_IO : ST_OK;
        *len += (size_t)n;
    }
    return ST_TOO_LARGE;
}

static const char *trouble(enum status st)
{
    switch (st) {
    case ST_DENIED:
        return "it must be a file of this user that nobody else may read";
    case ST_INVALID:
        return "it is no description of a device";
    case ST_UNSUPPORTED:
        return "mode or kind of key is not known";
    default:
        return status_name(st);
    }
}

static enum status decode_file(int fd, const char *id, struct device *out)
{
    uint8_t room[DEVICE_FILE_MAX + 1];
    struct stat info;
    size_t len;

    if (fstat(fd, &info) != 0)
        return ST_IO;
    if (!S_ISREG(info.st_mode) || !is_private(&info))
        return ST_DENIED;
    enum status st = read_bytes(fd, room, sizeof room, &len);
    if (!st)
        st = device_decode(id, (struct slice){ room, len }, out);
    secret_wipe(room, sizeof room);
    return st;
}

static enum status read_file(int folder_fd, const char *name, const char *id, struct device *out,
                             char *why, size_t why_cap)
{
    int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0)
        return failed(name, why, why_cap);
    enum status st = decode_file(fd, id, out);
    close(fd);
    if (st)
        snprintf(why, why_cap, "%s: %s", name, trouble(st));
    return st;
}

/* --- the folder --- */

static bool make_room(struct device_registry *r)
{
    size_t room = r->room ? 2 * r->room : 16;
    struct device *longer;

    if (r->count < r->room)
        return true;
    /* Not realloc: it would leave keys behind. */
    longer = calloc(room, sizeof *longer);
    if (!longer)
        return false;
    if (r->count) {
        memcpy(longer, r->devices, r->count * sizeof *longer);
        secret_wipe(r->devices, r->count * sizeof *longer);
    }
    free(r->devices);
    r->devices = longer;
    r->room = room;
    return true;
}

/* "ID.json", which is not hidden; others are none of ours. */
static bool id_of(const char *name, char id[static DEVICE_ID_MAX + 1])
{
    size_t len = strlen(name), end = strlen(SUFFIX);

    if (len <= end || strcmp(name + len - end, SUFFIX) != 0)
        return false;
    struct slice text = { (const uint8_t *)name, len - end };
    return device_name_ok(text) && slice_copy_text(text, id, DEVICE_ID_MAX + 1) == ST_OK;
}

static enum status read_all(struct device_registry *r, DIR *dir, char *why, size_t why_cap)
{
    const struct dirent *entry;
    char id[DEVICE_ID_MAX + 1];
    enum status st = ST_OK;

    while (!st && (entry = readdir(dir))) {
        if (!id_of(entry->d_name, id))
            continue;
        st = make_room(r) ? ST_OK : ST_NO_MEMORY;
        if (!st)
            st = read_file(dirfd(dir), entry->d_name, id, &r->devices[r->count], why, why_cap);
        r->count += !st;
    }
    return st;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct device *)a)->id, ((const struct device *)b)->id);
}

static enum status read_folder(struct device_registry *r, const char *folder, char *why,
                               size_t why_cap)
{
    DIR *dir = opendir(folder);

    if (!dir)
        return failed(folder, why, why_cap);
    enum status st = read_all(r, dir, why, why_cap);
    closedir(dir);
    if (!st && r->count)
        qsort(r->devices, r->count, sizeof *r->devices, by_id);
    return st;
}

enum status device_registry_read(const char *folder, struct device_registry **out, char *why,
                                 size_t why_cap)
{
    struct device_registry *r = calloc(1, sizeof *r);
    enum status st = ST_NO_MEMORY;

    snprintf(why, why_cap, "no memory");
    if (!r)
        return st;
    st = check_folder(folder, why, why_cap);
    if (!st)
        st = read_folder(r, folder, why, why_cap);
    if (st)
        device_registry_free(r);
    else
        *out = r;
    return st;
}

void device_registry_free(struct device_registry *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->count; i++)
        device_clear(&r->devices[i]);
    free(r->devices);
    free(r);
}

size_t device_registry_count(const struct device_registry *r)
{
    return r ? r->count : 0;
}

const struct device *device_registry_at(const struct device_registry *r, size_t i)
{
    return &r->devices[i];
}

static int id_against(const void *id, const void *device)
{
    struct slice a = *(const struct slice *)id;
    struct slice b = slice_of(((const struct device *)device)->id);
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.data, b.data, common) : 0;

    return order ? order : (a.len > b.len) - (a.len < b.len);
}

const struct device *device_registry_find(const struct device_registry *r, struct slice id)
{
    const struct device *d = NULL;

    if (r && r->count)
        d = bsearch(&id, r->devices, r->count, sizeof *r->devices, id_against);
    return d && !d->revoked ? d : NULL;
}

/* --- changes --- */

/* The lock goes with the descriptor. */
static enum status open_locked(const char *folder, int *fd, char *why, size_t why_cap)
{
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return failed(folder, why, why_cap);
    enum status st = check_folder(folder, why, why_cap);
    if (st)
        return st;
    *fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0)
        return failed(folder, why, why_cap);
    if (flock(*fd, LOCK_EX) == 0)
        return ST_OK;
    close(*fd);
    return failed(folder, why, why_cap);
}

static enum status read_former(struct device_change *c, const char *name, const char *id, bool new,
                               char *why, size_t why_cap)
{
    struct stat info;

    if (new &&fstatat(c->lock, name, &info, AT_SYMLINK_NOFOLLOW) == 0) {
        snprintf(why, why_cap, "%s: there is such a device already", c->path);
        return ST_EXISTS;
    }
    if (!new)
        return read_file(c->lock, name, id, &c->device, why, why_cap);
    return slice_copy_text(slice_of(id), c->device.id, sizeof c->device.id);
}

enum status device_change_begin(const char *folder, const char *id, bool new,
                                struct device_change *out, char *why, size_t why_cap)
{
    char name[DEVICE_ID_MAX + sizeof SUFFIX];

    *out = (struct device_change){ .lock = -1 };
    if (!device_name_ok(slice_of(id))) {
        snprintf(why, why_cap,
                 "a device's id is made of letters, digits and -._~, and does not begin with '.'");
        return ST_INVALID;
    }
    snprintf(name, sizeof name, "%s" SUFFIX, id);
    int n = snprintf(out->path, sizeof out->path, "%s/%s", folder, name);
    if (n < 0 || (size_t)n >= sizeof out->path) {
        snprintf(why, why_cap, "the folder's path is too long");
        return ST_TOO_LARGE;
    }
    enum status st = open_locked(folder, &out->lock, why, why_cap);
    if (st)
        return st;
    st = read_former(out, name, id, new, why, why_cap);
    if (st)
        close(out->lock);
    return st;
}

enum status device_change_write(struct device_change *c, char *why, size_t why_cap)
{
    uint8_t text[DEVICE_FILE_MAX];
    struct writer w = writer_over(text, sizeof text);
    enum status st = device_encode(&c->device, &w);

    if (st)
        snprintf(why, why_cap, "%s: %s", c->path, status_name(st));
    else if ((st = atomic_file_write(c->path, writer_slice(&w))))
        snprintf(why, why_cap, "%s: %s", c->path, strerror(errno));
    secret_wipe(text, sizeof text);
    return st;
}

void device_change_end(struct device_change *c)
{
    device_clear(&c->device);
    close(c->lock);
}
