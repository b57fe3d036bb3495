/* clock: time as it is handed to whatever rule reads it. */
#pragma once
#include <stdint.h>

struct clock {
    int64_t (*wall_seconds)(void *arg); /* since the epoch, for tokens */
    uint64_t (*steady_ms)(void *arg);   /* never jumps, for deadlines */
    void *arg;
};
extern const struct clock SYSTEM_CLOCK;

/* For measuring alone: no rule reads it. */
uint64_t clock_micros(void);

int64_t clock_wall(const struct clock *c);
uint64_t clock_steady(const struct clock *c);
