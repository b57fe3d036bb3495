#include "device_side.h"

#include <stdlib.h>

/* The settings that the courier borrows. */
struct side {
    struct device_courier *courier;
    struct model_ref *model; /* held */
};

bool device_side_wanted(cfg_t *cfg)
{
    return cfg_getstr(cfg_getsec(cfg, "device"), "registry") != NULL;
}

enum status device_side_start(struct worker *w)
{
    const struct device_courier_options options = { .base = w->base,
                                                    .log = w->log,
                                                    .meter = w->meter,
                                                    .clock = w->clock,
                                                    .store = w->store,
                                                    .alone = !w->redis,
                                                    .settings = w->model->model };
    struct side *s = calloc(1, sizeof *s);
    char why[CONFIG_WHY_MAX] = "no memory";
    enum status st = ST_NO_MEMORY;

    if (s)
        st = device_courier_new(&options, &s->courier, why, sizeof why);
    if (st) {
        log_note(w->log, LOG_ERROR, "devices not served", "why", why);
        free(s);
        return st;
    }
    s->model = model_ref_hold(w->model);
    w->state = s;
    return ST_OK;
}

void device_side_reload(struct worker *w)
{
    struct side *s = w->state;
    const struct settings *next = w->model->model;

    if (!next->device.registry) {
        log_note(w->log, LOG_WARN, "restart needed", "setting", "device registry");
        return;
    }
    device_courier_change(s->courier, next);
    model_ref_drop(s->model);
    s->model = model_ref_hold(w->model);
}

void device_side_stop(struct worker *w)
{
    device_courier_stop(((struct side *)w->state)->courier);
}

void device_side_free(void *state)
{
    struct side *s = state;

    device_courier_free(s->courier);
    model_ref_drop(s->model);
    free(s);
}

struct device_courier *device_side_courier(const struct worker *w)
{
    return w->side ? ((const struct side *)w->side)->courier : NULL;
}
