#include "folder_watch.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "clock.h"

/* What is opened, read or closed without a change is none. */
enum {
    CHANGES = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB |
              IN_DELETE_SELF | IN_MOVE_SELF,
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
    bool full;
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

/* One that is not there will be missed by who reads it, too. */
void folder_watch_add(struct folder_watch *w, const char *folder)
{
    if (inotify_add_watch(w->fd, folder, CHANGES | IN_ONLYDIR | IN_EXCL_UNLINK) < 0 &&
        errno == ENOSPC)
        w->full = true;
}

enum status folder_watch_trouble(const struct folder_watch *w)
{
    return w->full ? ST_BUSY : ST_OK;
}

/* --- life --- */

static enum status open_watch(struct folder_watch *w)
{
    w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (w->fd < 0)
        return ST_UNSUPPORTED;
    w->quiet = evtimer_new(w->base, on_quiet, w);
    w->readable = event_new(w->base, w->fd, EV_READ | EV_PERSIST, on_readable, w);
    return w->quiet && w->readable && event_add(w->readable, NULL) == 0 ? ST_OK : ST_NO_MEMORY;
}

enum status folder_watch_new(struct event_base *base, folder_watch_fn *fn, void *arg,
                             struct folder_watch **out)
{
    struct folder_watch *w = calloc(1, sizeof *w);

    if (!w)
        return ST_NO_MEMORY;
    *w = (struct folder_watch){ .base = base, .fn = fn, .arg = arg, .fd = -1 };
    enum status st = open_watch(w);
    if (st)
        folder_watch_free(w);
    else
        *out = w;
    return st;
}

void folder_watch_free(struct folder_watch *w)
{
    if (!w)
        return;
    if (w->readable)
        event_free(w->readable);
    if (w->fd >= 0)
        close(w->fd);
    if (w->quiet)
        event_free(w->quiet);
    free(w);
}
