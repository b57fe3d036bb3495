/* model_watch: the folder that a daemon's model is made of, watched for changes. */
#pragma once
#include "folder_watch.h"
#include "log.h"

struct model_watch;

/* Calls fn from the base's loop after a change. ST_NO_MEMORY. */
enum status model_watch_new(struct event_base *base, struct log *log, folder_watch_fn *fn,
                            void *arg, struct model_watch **out) MUST_USE;
void model_watch_free(struct model_watch *w);

/* A model is about to be made of this folder, or of none (NULL): what changes from here on is told.
 * A folder that cannot be watched as a whole is a warning in the log: SIGHUP does it then. */
void model_watch_begin(struct model_watch *w, const char *folder);
/* The model is in force; or it was none, and the folder is again the one before. */
void model_watch_end(struct model_watch *w, bool in_force);
/* The folder of the model in force, as it is now. */
void model_watch_again(struct model_watch *w);
