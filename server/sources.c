#include "sources.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Coarser than any clock that marks files; as git's index does, what is younger is not trusted. */
enum { GRAIN_S = 2 };

/* An entry is this and the path below the root, with its NUL. A change of any kind sets the time of
 * the inode to now; replacing a file by an older one brings another inode. */
struct mark {
    uint64_t device, inode;
    int64_t size, changed, modified; /* the times in nanoseconds */
};

static int64_t nanoseconds(const struct timespec *t)
{
    return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

static struct mark mark_of(const struct stat *info)
{
    return (struct mark){ .device = info->st_dev,
                          .inode = info->st_ino,
                          .size = info->st_size,
                          .changed = nanoseconds(&info->st_ctim),
                          .modified = nanoseconds(&info->st_mtim) };
}

struct sources sources_begin(const char *root, struct folder_watch *watch)
{
    return (struct sources){
        .root = root, .watch = watch, .user = geteuid(), .settled = (int64_t)time(NULL) - GRAIN_S
    };
}

struct sources sources_begin_below(const struct sources *above, const char *root)
{
    return (struct sources){
        .root = root, .watch = above->watch, .user = above->user, .settled = above->settled
    };
}

void sources_enter(const struct sources *s, const char *path)
{
    if (s && s->watch)
        folder_watch_add(s->watch, path);
}

static uint8_t *reserve(struct sources *s, size_t len)
{
    if (s->cap - s->len < len) {
        size_t cap = 2 * s->cap + 4 * len;
        uint8_t *more = realloc(s->entries, cap);
        if (!more)
            return NULL;
        s->entries = more;
        s->cap = cap;
    }
    uint8_t *room = s->entries + s->len;
    s->len += len;
    return room;
}

bool sources_private(const struct sources *s, const struct stat *info)
{
    return !(info->st_mode & (S_IRWXG | S_IRWXO)) &&
           (info->st_uid == 0 || info->st_uid == (s ? s->user : geteuid()));
}

/* NULL if it is not in it. */
static const char *below(const char *path, const char *root)
{
    size_t len = strlen(root);

    if (strncmp(path, root, len) != 0)
        return NULL;
    return path[len] == '/' ? path + len + 1 : path[len] == '\0' ? path + len : NULL;
}

void sources_add(struct sources *s, const char *path, const struct stat *info)
{
    if (!s)
        return;
    const struct mark mark = mark_of(info);
    const char *name = below(path, s->root);
    uint8_t *room = name ? reserve(s, sizeof mark + strlen(name) + 1) : NULL;

    if (!room || info->st_ctim.tv_sec >= s->settled || info->st_mtim.tv_sec >= s->settled)
        s->unknown = true;
    if (!room)
        return;
    memcpy(room, &mark, sizeof mark);
    strcpy((char *)room + sizeof mark, name);
}

void sources_end(struct sources *s)
{
    uint8_t *exact = s->len ? realloc(s->entries, s->len) : NULL;

    if (exact) {
        s->entries = exact;
        s->cap = s->len;
    }
    s->root = NULL;
    s->watch = NULL;
}

void sources_clear(struct sources *s)
{
    free(s->entries);
    *s = (struct sources){ .unknown = true };
}

static bool is_as_it_was(const char *path, const uint8_t *entry)
{
    struct stat info;

    if (lstat(path, &info) != 0)
        return false;
    const struct mark mark = mark_of(&info);
    return memcmp(&mark, entry, sizeof mark) == 0;
}

bool sources_unchanged(const struct sources *s, const char *root)
{
    char path[PATH_MAX];
    size_t at = 0, start = strlen(root);

    if (s->unknown || start >= sizeof path - 1)
        return false;
    memcpy(path, root, start);
    path[start++] = '/';
    while (at < s->len) {
        const char *name = (const char *)s->entries + at + sizeof(struct mark);
        size_t len = strlen(name) + 1;
        if (start + len > sizeof path)
            return false;
        memcpy(path + start, name, len);
        if (!is_as_it_was(path, s->entries + at))
            return false;
        at += sizeof(struct mark) + len;
    }
    return true;
}
