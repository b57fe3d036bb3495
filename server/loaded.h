/* loaded: what a configuration file amounts to: its settings, and the model that
 * the daemon makes of it. */
#pragma once
#include "daemon.h"

struct loaded {
    cfg_t *cfg;
    struct config_daemon config; /* borrows from cfg */
    struct model_ref *model;     /* NULL until loaded_model */
};

/* On failure `why` names file and cause, and there is nothing to clear. */
enum status loaded_config(const struct daemon_spec *spec, const char *path, struct loaded *out,
                          char *why, size_t why_cap) MUST_USE;
/* Adds the model. */
enum status loaded_model(const struct daemon_spec *spec, const char *path, struct loaded *l,
                         struct log *log, struct folder_watch *watch, char *why,
                         size_t why_cap) MUST_USE;
/* A model like the former one, of what its folders hold now. */
enum status loaded_renew(const struct daemon_spec *spec, const struct model_ref *former,
                         struct log *log, struct folder_watch *watch, struct model_ref **out,
                         char *why, size_t why_cap) MUST_USE;
void loaded_clear(struct loaded *l);
