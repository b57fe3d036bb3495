/* confine: what a daemon can still do once it serves: which system calls it may make, and which
 * files it may open. Bounds what whoever takes it over can do. */
#pragma once
#include <confuse.h>

#include "log.h"
#include "status.h"

enum confine_mode {
    CONFINE_OFF,
    CONFINE_ON,      /* what this kernel has; the log says what it has not */
    CONFINE_REQUIRED /* all of it, or no start */
};

struct confine_settings {
    enum confine_mode mode;
    const char **read; /* folders and files, borrowed from cfg */
    size_t read_count;
};

extern cfg_opt_t config_confine_opts[];
/* ST_INVALID with `why`. Free out->read. */
enum status config_confine_read(cfg_t *sec, struct confine_settings *out, char *why,
                                size_t why_cap) MUST_USE;

/* What stays open beside settings->read: the folders and the folders of the files that any key of
 * cfg names, those of `path` (the configuration) and what the system's
 * libraries read. Only the folders of `written` keys ("section|key", ended by NULL) can be written.
 */
struct confine_scope {
    const struct confine_settings *settings;
    cfg_t *cfg;
    const char *path;
    const char *const *written;
};

/* Binds this thread and those that it will start, for good (Landlock; seccomp). ST_UNSUPPORTED in
 * CONFINE_REQUIRED if the kernel lacks a part, ST_IO. */
enum status confine(const struct confine_scope *scope, struct log *log, char *why,
                    size_t why_cap) MUST_USE;
