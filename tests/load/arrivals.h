/* arrivals: when requests are due that do not wait for each other, as those of many installations
 * that know nothing of each other do not. The same seed makes the same times. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct arrivals {
    double next_us; /* when the next one is due */
    double gap_us;  /* between two, in the mean */
    bool poisson;   /* gaps are exponentially distributed; otherwise all alike */
    uint64_t random;
};

/* The first is due at start_us (or, Poisson, a gap later); per_second > 0. */
void arrivals_init(struct arrivals *a, double start_us, double per_second, bool poisson,
                   uint64_t seed);
/* Returns when the one is due that next_us told, and goes on to the one after it. */
double arrivals_take(struct arrivals *a);
