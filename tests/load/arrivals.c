#include "arrivals.h"

#include <math.h>

/* splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014). */
static uint64_t random_of(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static double gap_of(struct arrivals *a)
{
    if (!a->poisson)
        return a->gap_us;
    /* In (0, 1]: the logarithm of 0 is no gap. */
    double uniform = ((double)(random_of(&a->random) >> 11) + 1) / 9007199254740992.0;
    return -log(uniform) * a->gap_us;
}

void arrivals_init(struct arrivals *a, double start_us, double per_second, bool poisson,
                   uint64_t seed)
{
    *a = (struct arrivals){ .gap_us = 1e6 / per_second, .poisson = poisson, .random = seed };
    a->next_us = poisson ? start_us + gap_of(a) : start_us;
}

double arrivals_take(struct arrivals *a)
{
    double due = a->next_us;

    a->next_us += gap_of(a);
    return due;
}
