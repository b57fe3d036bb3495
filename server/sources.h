/* sources: the files and folders that something was read from. By them it is seen later whether it
 * would be read differently now; and each folder is watched before it is read. */
#pragma once
#include <sys/stat.h>

#include "bytes.h"
#include "folder_watch.h"

/* Filled by sources_begin. Whatever is read is given a NULL where nobody asks for its sources. */
struct sources {
    const char *root; /* borrowed; NULL once it has ended */
    struct folder_watch *watch;
    uid_t user;      /* whose files they may be: asked for once, not for each of thousands */
    int64_t settled; /* seconds: what changed since is too young to be told from what comes next */
    size_t len, cap;
    uint8_t *entries;
    bool unknown; /* so that sources_unchanged says no */
};

/* For what is read from `root` and below. watch may be NULL. */
struct sources sources_begin(const char *root, struct folder_watch *watch);
/* For a part of that, to be told from the other parts. */
struct sources sources_begin_below(const struct sources *above, const char *root);
/* Before a folder, of that path, is looked into: it is watched from here on. */
void sources_enter(const struct sources *s, const char *path);
/* After lstat or fstat of one of them, in or below the root. */
void sources_add(struct sources *s, const char *path, const struct stat *info);
/* All is read: `root` and `watch` are used no more. */
void sources_end(struct sources *s);
void sources_clear(struct sources *s);

/* Whether nobody but this user, and root, can use what `info` is about. s may be NULL. */
bool sources_private(const struct sources *s, const struct stat *info);

/* Whether each of them is still the file that it was, and as it was; false if it cannot be told.
 * A file changed within two seconds before it was read cannot be. */
bool sources_unchanged(const struct sources *s, const char *root);
