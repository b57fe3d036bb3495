/* model_watch: the folders that a daemon's model is made of, watched for changes. */
#pragma once
#include "folder_watch.h"
#include "log.h"

struct model_watch;

/* Calls fn from the base's loop after a change. ST_NO_MEMORY. */
enum status model_watch_new(struct event_base *base, struct log *log, folder_watch_fn *fn,
                            void *arg, struct model_watch **out) MUST_USE;
void model_watch_free(struct model_watch *w);

/* Where a model that is about to be made of other folders, perhaps, adds those that it reads; NULL
 * where nothing can be watched: SIGHUP does it then, and the log says so. */
struct folder_watch *model_watch_begin(struct model_watch *w);
/* That model is in force and the former one's folders are watched no more; or it is not. */
void model_watch_end(struct model_watch *w, bool in_force);

/* Where one that is made of the same folders again adds them before it reads them. */
struct folder_watch *model_watch_current(struct model_watch *w);
/* After it. */
void model_watch_settle(struct model_watch *w);
