#include "folder_watch.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "clock.h"

/* What is opened, read or closed without a change is none. */
enum {
    CHANGES = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB |
              IN_DELETE_SELF | IN_MOVE_SELF,
    DEPTH_MAX = 16,
    BUFFER_LEN = 8 * 1024 /* events that are read at once; the rest comes the next time */
};

struct folder_watch {
    struct event_base *base;
    folder_watch_fn *fn;
    void *arg;
    int fd; /* -1: none */
    struct event *readable;
    struct event *quiet;
    uint64_t waiting_since; /* steady ms; 0: nothing has changed */
};

/* --- debouncing --- */

static void on_quiet(evutil_socket_t fd, short what, void *arg)
{
    struct folder_watch *w = arg;

    (void)fd, (void)what;
    w->waiting_since = 0;
    w->fn(w->arg);
}

static void wait_for_quiet(struct folder_watch *w)
{
    uint64_t now = clock_steady(&SYSTEM_CLOCK);
    const struct timeval quiet = { .tv_usec = WATCH_QUIET_MS * 1000 };

    if (!w->waiting_since)
        w->waiting_since = now;
    if (now - w->waiting_since < WATCH_PATIENCE_MS)
        evtimer_add(w->quiet, &quiet);
}

/* --- events --- */

/* Hidden names are what somebody is at work on. */
static bool is_change(const struct inotify_event *e)
{
    return !(e->mask & IN_IGNORED) && !(e->len && e->name[0] == '.');
}

static bool any_change(const char *events, size_t len)
{
    bool found = false;

    for (size_t at = 0; at + sizeof(struct inotify_event) <= len;) {
        const struct inotify_event *e = (const struct inotify_event *)(const void *)(events + at);
        found = found || is_change(e);
        at += sizeof *e + e->len;
    }
    return found;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    _Alignas(struct inotify_event) char events[BUFFER_LEN];
    struct folder_watch *w = arg;
    ssize_t n = read(fd, events, sizeof events);

    (void)what;
    if (n > 0 && any_change(events, (size_t)n))
        wait_for_quiet(w);
}

/* --- what is watched --- */

/* The former watches go with their descriptor: a folder that is gone leaves none behind. */
static enum status renew(struct folder_watch *w)
{
    if (w->readable)
        event_free(w->readable);
    if (w->fd >= 0)
        close(w->fd);
    w->readable = NULL;
    w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (w->fd < 0)
        return ST_UNSUPPORTED;
    w->readable = event_new(w->base, w->fd, EV_READ | EV_PERSIST, on_readable, w);
    return w->readable && event_add(w->readable, NULL) == 0 ? ST_OK : ST_NO_MEMORY;
}

static enum status watch_one(const struct folder_watch *w, const char *path)
{
    int n = inotify_add_watch(w->fd, path, CHANGES | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK);

    if (n >= 0)
        return ST_OK;
    return errno == ENOSPC ? ST_BUSY : ST_NOT_FOUND;
}

static enum status watch_below(const struct folder_watch *w, const char *path, unsigned depth);

static enum status watch_entry(const struct folder_watch *w, const char *parent,
                               const struct dirent *e, unsigned depth)
{
    char path[PATH_MAX];

    if (e->d_name[0] == '.' || (e->d_type != DT_DIR && e->d_type != DT_UNKNOWN) ||
        snprintf(path, sizeof path, "%s/%s", parent, e->d_name) >= (int)sizeof path)
        return ST_OK;
    enum status st = watch_one(w, path);
    if (st == ST_NOT_FOUND)
        return ST_OK; /* a file after all, or gone: its parent has told or will tell */
    return st ? st : watch_below(w, path, depth + 1);
}

/* Watched before it is read, so that nothing that comes meanwhile is missed. */
static enum status watch_below(const struct folder_watch *w, const char *path, unsigned depth)
{
    DIR *dir = depth < DEPTH_MAX ? opendir(path) : NULL;
    enum status st = ST_OK;

    if (!dir)
        return ST_OK;
    for (const struct dirent *e = readdir(dir); e && !st; e = readdir(dir))
        st = watch_entry(w, path, e, depth);
    closedir(dir);
    return st;
}

enum status folder_watch_set(struct folder_watch *w, const char *folder)
{
    enum status st = renew(w);

    if (!st)
        st = watch_one(w, folder);
    return st ? st : watch_below(w, folder, 0);
}

/* --- life --- */

enum status folder_watch_new(struct event_base *base, folder_watch_fn *fn, void *arg,
                             struct folder_watch **out)
{
    struct folder_watch *w = calloc(1, sizeof *w);

    if (!w)
        return ST_NO_MEMORY;
    *w = (struct folder_watch){ .base = base, .fn = fn, .arg = arg, .fd = -1 };
    w->quiet = evtimer_new(base, on_quiet, w);
    if (!w->quiet) {
        free(w);
        return ST_NO_MEMORY;
    }
    *out = w;
    return ST_OK;
}

void folder_watch_free(struct folder_watch *w)
{
    if (!w)
        return;
    if (w->readable)
        event_free(w->readable);
    if (w->fd >= 0)
        close(w->fd);
    event_free(w->quiet);
    free(w);
}
