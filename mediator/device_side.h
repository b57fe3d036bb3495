/* device_side: the mediator's side worker: devices' connections and deliveries to them. */
#pragma once
#include "daemon.h"
#include "device_courier.h"

/* Hooks of the daemon_spec. */
bool device_side_wanted(cfg_t *cfg);
enum status device_side_start(struct worker *w);
void device_side_reload(struct worker *w);
void device_side_stop(struct worker *w);
void device_side_free(void *state);

/* For a worker beside it; NULL without devices. */
struct device_courier *device_side_courier(const struct worker *w);
