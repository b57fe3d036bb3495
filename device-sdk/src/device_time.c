#include "device_time.h"

static uint32_t counter(const struct device_time *t)
{
    return t->uptime ? t->uptime(t->arg) : 0;
}

static int64_t clock_time(const struct device_time *t)
{
    int64_t now = t->clock ? t->clock(t->arg) : 0;

    return now > 0 ? now : 0;
}

/* The floor, moved on by the counter, which may wrap. */
static int64_t moved_floor(const struct device_time *t)
{
    return t->floor ? t->floor + (int64_t)(uint32_t)(counter(t) - t->floor_at) : 0;
}

void device_time_init(struct device_time *t, const struct vouchsafe_device_config *config)
{
    *t = (struct device_time){
        .clock = config->clock,
        .uptime = config->uptime,
        .store = config->store_floor,
        .arg = config->arg,
        .floor = config->floor > 0 ? config->floor : 0,
        .stored = config->floor,
        .at_start = config->floor,
    };
    t->floor_at = counter(t);
}

int64_t device_time_now(const struct device_time *t)
{
    int64_t clock = clock_time(t), floor = moved_floor(t);

    return clock > floor ? clock : floor;
}

bool device_time_is_exact(const struct device_time *t)
{
    return clock_time(t) >= moved_floor(t) && clock_time(t) > 0;
}

void device_time_learn(struct device_time *t, int64_t told, bool store_now)
{
    if (told > moved_floor(t)) {
        t->floor = told;
        t->floor_at = counter(t);
    }
    int64_t late = store_now ? 0 : DEVICE_TIME_STORE_EVERY;
    if (t->store && t->floor > t->stored + late) {
        t->stored = t->floor;
        t->store(t->arg, t->floor);
    }
}
