/* folder_watch: tells when something in one of several folders has changed and it has been quiet
 * since. */
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

/* Watches this folder too, for as long as it is there, but none below it: who reads it adds those
 * before looking into them, and does so again after each change. Once is as good as twice. */
void folder_watch_add(struct folder_watch *w, const char *folder);

/* ST_BUSY if the system has let us watch no more than some of them. */
enum status folder_watch_trouble(const struct folder_watch *w);
