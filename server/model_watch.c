#include "model_watch.h"

#include <stdlib.h>

struct model_watch {
    struct event_base *base;
    struct log *log;
    folder_watch_fn *fn;
    void *arg;
    struct folder_watch *current; /* of the model in force; NULL: none */
    struct folder_watch *next;    /* between begin and end */
    bool warned;
};

enum status model_watch_new(struct event_base *base, struct log *log, folder_watch_fn *fn,
                            void *arg, struct model_watch **out)
{
    struct model_watch *w = malloc(sizeof *w);

    if (!w)
        return ST_NO_MEMORY;
    *w = (struct model_watch){ .base = base, .log = log, .fn = fn, .arg = arg };
    *out = w;
    return ST_OK;
}

void model_watch_free(struct model_watch *w)
{
    if (!w)
        return;
    folder_watch_free(w->current);
    folder_watch_free(w->next);
    free(w);
}

/* Once: folders that are too many for the system's limit stay so. */
static void warn(struct model_watch *w, enum status st)
{
    struct log_line line;

    if (!st || w->warned)
        return;
    w->warned = true;
    log_begin(&line, w->log, LOG_WARN, "not watched as a whole");
    log_word(&line, "why", st == ST_BUSY ? "fs.inotify.max_user_watches" : status_name(st));
    log_word(&line, "hint", "what attestctl changes is noticed; edits by hand may need SIGHUP");
    log_end(&line);
}

struct folder_watch *model_watch_begin(struct model_watch *w)
{
    warn(w, folder_watch_new(w->base, w->fn, w->arg, &w->next));
    return w->next;
}

void model_watch_end(struct model_watch *w, bool in_force)
{
    if (in_force) {
        folder_watch_free(w->current);
        w->current = w->next;
        model_watch_settle(w);
    } else {
        folder_watch_free(w->next);
    }
    w->next = NULL;
}

struct folder_watch *model_watch_current(struct model_watch *w)
{
    return w->current;
}

void model_watch_settle(struct model_watch *w)
{
    warn(w, w->current ? folder_watch_trouble(w->current) : ST_OK);
}
