#include "registry_change.h"

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
#include "keyring.h"
#include "msg_challenge.h"

static enum status failed(const char *path, char *why, size_t why_cap)
{
    snprintf(why, why_cap, "%s: %s", path, strerror(errno));
    return errno == ENOENT ? ST_NOT_FOUND : ST_IO;
}

enum status change_refused(enum status st, char *why, size_t why_cap, const char *subject,
                           const char *reason)
{
    snprintf(why, why_cap, "%s: %s", subject, reason);
    return st;
}

bool is_one_line(const char *text)
{
    while (*text && (unsigned char)*text >= ' ')
        text++;
    return *text == '\0';
}

/* --- folders --- */

enum status path_join(char out[static PATH_MAX], const char *a, const char *b)
{
    int n = snprintf(out, PATH_MAX, "%s/%s", a, b);

    return n > 0 && n < PATH_MAX ? ST_OK : ST_TOO_LARGE;
}

enum status folder_make(const char *path, char *why, size_t why_cap)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return ST_OK;
    return failed(path, why, why_cap);
}

enum status folder_make_hidden(const char *parent, char out[static PATH_MAX], char *why,
                               size_t why_cap)
{
    if (path_join(out, parent, ".new-XXXXXX")) {
        snprintf(why, why_cap, "%s: the path is too long", parent);
        return ST_TOO_LARGE;
    }
    return mkdtemp(out) ? ST_OK : failed(parent, why, why_cap);
}

/* Calls fn for each name in a folder, hidden or not. */
typedef void entry_fn(const char *path, const char *name);

static void each_entry(const char *folder, entry_fn *fn)
{
    char path[PATH_MAX];
    DIR *dir = opendir(folder);

    if (!dir)
        return;
    for (const struct dirent *e = readdir(dir); e; e = readdir(dir))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
            !path_join(path, folder, e->d_name))
            fn(path, e->d_name);
    closedir(dir);
}

static void remove_entry(const char *path, const char *name)
{
    (void)name;
    if (unlink(path) != 0 && (errno == EISDIR || errno == EPERM))
        folder_remove_tree(path);
}

void folder_remove_tree(const char *path)
{
    each_entry(path, remove_entry);
    rmdir(path);
}

enum status folder_retire(const char *parent, const char *path, char *why, size_t why_cap)
{
    char hidden[PATH_MAX];
    enum status st = folder_make_hidden(parent, hidden, why, why_cap);

    if (st)
        return st;
    /* rename() replaces an empty folder. */
    if (atomic_file_move(path, hidden)) {
        st = failed(path, why, why_cap);
        rmdir(hidden);
        return st;
    }
    folder_remove_tree(hidden);
    return ST_OK;
}

/* --- leftovers --- */

static void sweep_folder(const char *path, const char *name)
{
    if (strncmp(name, ".new-", 5) == 0)
        folder_remove_tree(path);
}

static void sweep_file(const char *path, const char *name)
{
    if (atomic_file_is_unfinished(name))
        unlink(path);
}

static void sweep_build(const char *path, const char *name)
{
    (void)name;
    each_entry(path, sweep_file);
}

static void sweep_app(const char *app)
{
    char path[PATH_MAX];

    each_entry(app, sweep_file);
    if (!path_join(path, app, "builds")) {
        each_entry(path, sweep_folder);
        each_entry(path, sweep_build);
    }
    if (!path_join(path, app, "secrets"))
        keyring_sweep(path);
}

/* --- changes --- */

enum status registry_change_begin(const char *registry, struct registry_change *out, char *why,
                                  size_t why_cap)
{
    out->app[0] = '\0';
    out->fd = open(registry, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (out->fd < 0)
        return failed(registry, why, why_cap);
    if (flock(out->fd, LOCK_EX) != 0) {
        enum status st = failed(registry, why, why_cap);
        close(out->fd);
        return st;
    }
    each_entry(registry, sweep_folder);
    return ST_OK;
}

enum status registry_change_app(const char *registry, const char *client_id,
                                struct registry_change *out, char *why, size_t why_cap)
{
    char app[PATH_MAX];

    if (!client_id_ok(slice_of(client_id)) || client_id[0] == '.' ||
        path_join(app, registry, client_id) || access(app, F_OK) != 0) {
        snprintf(why, why_cap, "%s: no such app is registered", client_id);
        return ST_NOT_FOUND;
    }
    enum status st = registry_change_begin(registry, out, why, why_cap);
    if (st)
        return st;
    strcpy(out->app, app);
    sweep_app(app);
    return ST_OK;
}

/* A watcher that cannot watch each folder of the registry sees this one's time change. */
void registry_change_end(struct registry_change *change)
{
    (void)futimens(change->fd, NULL);
    close(change->fd);
}
