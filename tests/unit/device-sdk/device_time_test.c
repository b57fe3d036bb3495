#include "device_time.h"

#include <criterion/criterion.h>

static int64_t clock_says;
static uint32_t counter_says;
static int64_t stored;
static unsigned stores;

static int64_t read_clock(void *arg)
{
    (void)arg;
    return clock_says;
}

static uint32_t read_counter(void *arg)
{
    (void)arg;
    return counter_says;
}

static void store(void *arg, int64_t floor)
{
    (void)arg;
    stored = floor;
    stores++;
}

static struct device_time begin(bool clock, bool counter, int64_t floor)
{
    const struct vouchsafe_device_config config = { .clock = clock ? read_clock : NULL,
                                                    .uptime = counter ? read_counter : NULL,
                                                    .floor = floor,
                                                    .store_floor = store };
    struct device_time t;

    device_time_init(&t, &config);
    return t;
}

Test(device_time, nothing_is_known_at_first)
{
    struct device_time t = begin(false, true, 0);

    counter_says = 100;
    cr_expect_eq(device_time_now(&t), 0);
    cr_expect_not(device_time_is_exact(&t));
}

Test(device_time, the_floor_rises_and_the_counter_moves_it_on)
{
    counter_says = 1000;
    struct device_time t = begin(false, true, 0);
    counter_says = 1010;
    device_time_learn(&t, 5000, true);
    cr_expect_eq(device_time_now(&t), 5000);
    counter_says = 1020;
    cr_expect_eq(device_time_now(&t), 5010);
    device_time_learn(&t, 5005, true);
    cr_expect_eq(device_time_now(&t), 5010, "it never falls");
    device_time_learn(&t, 6000, true);
    cr_expect_eq(device_time_now(&t), 6000);
}

Test(device_time, the_counter_may_wrap)
{
    counter_says = UINT32_MAX - 4;
    struct device_time t = begin(false, true, 5000);
    counter_says = 5;
    cr_expect_eq(device_time_now(&t), 5010);
}

Test(device_time, without_a_counter_it_stands_still)
{
    struct device_time t = begin(false, false, 0);

    device_time_learn(&t, 5000, true);
    counter_says += 100;
    cr_expect_eq(device_time_now(&t), 5000);
}

Test(device_time, a_clock_counts_unless_it_lies_behind_the_floor)
{
    counter_says = 0;
    struct device_time t = begin(true, true, 5000);
    clock_says = 6000;
    cr_expect_eq(device_time_now(&t), 6000);
    cr_expect(device_time_is_exact(&t));
    clock_says = 4000; /* a battery was changed */
    cr_expect_eq(device_time_now(&t), 5000);
    cr_expect_not(device_time_is_exact(&t));
    clock_says = 0;
    cr_expect_eq(device_time_now(&t), 5000);
}

Test(device_time, what_is_stored_and_when)
{
    struct device_time t = begin(false, false, 0);

    device_time_learn(&t, 5000, true);
    cr_expect_eq(stored, 5000);
    device_time_learn(&t, 5001, true);
    cr_expect_eq(stored, 5001, "tokens at once");
    stores = 0;
    device_time_learn(&t, 5001 + DEVICE_TIME_STORE_EVERY, false);
    cr_expect_eq(stores, 0, "heartbeats do not wear out the flash");
    device_time_learn(&t, 5002 + DEVICE_TIME_STORE_EVERY, false);
    cr_expect_eq(stores, 1);
    device_time_learn(&t, 5000, true);
    cr_expect_eq(stores, 1, "nothing has moved");
}
