/* folder_watch: tells when something below a folder has changed and it has been quiet since. */
#pragma once
#include <event2/event.h>

#include "status.h"

/* How long it must be quiet, and how long it is waited for that at most. */
enum { WATCH_QUIET_MS = 200, WATCH_PATIENCE_MS = 2000 };

struct folder_watch;

/* Calls fn from the base's loop. ST_NO_MEMORY; ST_UNSUPPORTED without inotify. */
typedef void folder_watch_fn(void *arg);
enum status folder_watch_new(struct event_base *base, folder_watch_fn *fn, void *arg,
                             struct folder_watch **out) MUST_USE;
void folder_watch_free(struct folder_watch *w);

/* Watches this folder and those below it that are not hidden, as they are now, and no others: to be
 * called again after each change. Links are not followed. ST_NOT_FOUND if the folder itself cannot
 * be watched, ST_BUSY if the system lets us watch no more than some of those below. */
enum status folder_watch_set(struct folder_watch *w, const char *folder) MUST_USE;
