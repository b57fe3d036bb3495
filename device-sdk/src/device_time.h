/* device_time: what a device knows of the time: a clock, a floor, a counter, or none of them. */
#pragma once
#include <stdbool.h>

#include "vouchsafe/device.h"

struct device_time {
    int64_t (*clock)(void *arg);
    uint32_t (*uptime)(void *arg);
    void (*store)(void *arg, int64_t floor);
    void *arg;
    int64_t floor;     /* seconds since the epoch, as told; 0: nothing is known */
    uint32_t floor_at; /* the counter when it was */
    int64_t stored;    /* the last that was handed to `store` */
    int64_t at_start;  /* what had been stored when the device started */
};

enum { DEVICE_TIME_STORE_EVERY = 600 }; /* seconds, for what need not be stored at once */

void device_time_init(struct device_time *t, const struct vouchsafe_device_config *config);

/* The least that the time can be, seconds; 0 if nothing is known. */
int64_t device_time_now(const struct device_time *t);
/* A clock says so. */
bool device_time_is_exact(const struct device_time *t);

/* Somebody believed says that it is `told` at least. `now`: it is stored before this returns. */
void device_time_learn(struct device_time *t, int64_t told, bool store_now);
