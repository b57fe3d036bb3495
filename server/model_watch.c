#include "model_watch.h"

#include <stdlib.h>
#include <string.h>

struct model_watch {
    struct folder_watch *watch;
    struct log *log;
    char *folder; /* of the model in force, or NULL */
    char *next;   /* between begin and end */
    bool warned;
};

enum status model_watch_new(struct event_base *base, struct log *log, folder_watch_fn *fn,
                            void *arg, struct model_watch **out)
{
    struct model_watch *w = calloc(1, sizeof *w);

    if (!w)
        return ST_NO_MEMORY;
    w->log = log;
    enum status st = folder_watch_new(base, fn, arg, &w->watch);
    if (st)
        free(w);
    else
        *out = w;
    return st;
}

void model_watch_free(struct model_watch *w)
{
    if (!w)
        return;
    folder_watch_free(w->watch);
    free(w->folder);
    free(w->next);
    free(w);
}

/* Once: a registry that is too large for the system's limit stays so. */
static void warn(struct model_watch *w, const char *folder, enum status st)
{
    struct log_line line;

    if (w->warned)
        return;
    w->warned = true;
    log_begin(&line, w->log, LOG_WARN, "not watched as a whole");
    log_word(&line, "folder", folder);
    log_word(&line, "why", st == ST_BUSY ? "fs.inotify.max_user_watches" : status_name(st));
    log_word(&line, "hint", "what attestctl changes is noticed; edits by hand may need SIGHUP");
    log_end(&line);
}

static void watch(struct model_watch *w, const char *folder)
{
    enum status st = folder ? folder_watch_set(w->watch, folder) : ST_OK;

    if (st)
        warn(w, folder, st);
}

void model_watch_begin(struct model_watch *w, const char *folder)
{
    free(w->next);
    w->next = folder ? strdup(folder) : NULL;
    watch(w, w->next);
}

void model_watch_end(struct model_watch *w, bool in_force)
{
    if (in_force) {
        free(w->folder);
        w->folder = w->next;
    } else {
        free(w->next);
        watch(w, w->folder);
    }
    w->next = NULL;
}

void model_watch_again(struct model_watch *w)
{
    watch(w, w->folder);
}
