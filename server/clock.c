#include "clock.h"

#include <stddef.h>
#include <time.h>

static int64_t system_wall(void *arg)
{
    struct timespec now;

    (void)arg;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

static uint64_t system_steady(void *arg)
{
    struct timespec now;

    (void)arg;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

const struct clock SYSTEM_CLOCK = { system_wall, system_steady, NULL };

uint64_t clock_micros(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

int64_t clock_wall(const struct clock *c)
{
    return c->wall_seconds(c->arg);
}

uint64_t clock_steady(const struct clock *c)
{
    return c->steady_ms(c->arg);
}
