#include "loaded.h"

#include <stdio.h>

void loaded_clear(struct loaded *l)
{
    model_ref_drop(l->model);
    config_daemon_clear(&l->config);
    if (l->cfg)
        cfg_free(l->cfg);
    *l = (struct loaded){ .cfg = NULL };
}

/* Puts the file's name before what is wrong with its contents. */
static enum status in_file(enum status st, const char *path, char *why, size_t why_cap)
{
    char text[CONFIG_WHY_MAX];

    if (st) {
        snprintf(text, sizeof text, "%s", why);
        snprintf(why, why_cap, "%s: %s", path, text);
    }
    return st;
}

enum status loaded_config(const struct daemon_spec *spec, const char *path, struct loaded *out,
                          char *why, size_t why_cap)
{
    *out = (struct loaded){ .cfg = NULL };
    enum status st = config_parse(path, spec->opts, &out->cfg, why, why_cap);
    if (st)
        return st;
    st = config_daemon_read(out->cfg, &out->config, why, why_cap);
    if (st)
        loaded_clear(out);
    return in_file(st, path, why, why_cap);
}

static enum status hold_model(const struct daemon_spec *spec, void *model, struct model_ref **out,
                              char *why, size_t why_cap)
{
    *out = model_ref_new(model, spec->model_free);
    if (*out)
        return ST_OK;
    spec->model_free(model);
    snprintf(why, why_cap, "no memory");
    return ST_NO_MEMORY;
}

enum status loaded_model(const struct daemon_spec *spec, const char *path, struct loaded *l,
                         struct log *log, struct folder_watch *watch, char *why, size_t why_cap)
{
    void *model;
    enum status st = spec->model_load(l->cfg, log, watch, &model, why, why_cap);

    return st ? in_file(st, path, why, why_cap) : hold_model(spec, model, &l->model, why, why_cap);
}

enum status loaded_renew(const struct daemon_spec *spec, const struct model_ref *former,
                         struct log *log, struct folder_watch *watch, struct model_ref **out,
                         char *why, size_t why_cap)
{
    void *model;
    enum status st = spec->model_renew(former->model, log, watch, &model, why, why_cap);

    return st ? st : hold_model(spec, model, out, why, why_cap);
}
