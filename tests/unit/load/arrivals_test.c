#include "arrivals.h"

#include <criterion/criterion.h>
#include <math.h>

enum { MANY = 100000 };

Test(arrivals, fixed_ones_are_a_gap_apart)
{
    struct arrivals a;

    arrivals_init(&a, 1000, 200, false, 1);
    for (int i = 0; i < 10; i++) {
        cr_assert_float_eq(a.next_us, 1000 + 5000.0 * i, 1e-6);
        double due = arrivals_take(&a);
        cr_assert_float_eq(due, 1000 + 5000.0 * i, 1e-6);
    }
}

/* The mean of exponential gaps is their deviation, and none is before the one before it. */
Test(arrivals, those_of_poisson_have_the_rate_and_the_spread)
{
    struct arrivals a;
    double last = 0, sum = 0, squares = 0;

    arrivals_init(&a, 0, 1000, true, 7);
    for (int i = 0; i < MANY; i++) {
        double gap = arrivals_take(&a) - last;
        last += gap;
        cr_assert_geq(gap, 0);
        sum += gap;
        squares += gap * gap;
    }
    double mean = sum / MANY, deviation = sqrt(squares / MANY - mean * mean);
    cr_assert_float_eq(mean, 1000, 20);
    cr_assert_float_eq(deviation, 1000, 40);
}

Test(arrivals, a_seed_is_a_schedule)
{
    struct arrivals a, same, other;

    arrivals_init(&a, 0, 10, true, 3);
    arrivals_init(&same, 0, 10, true, 3);
    arrivals_init(&other, 0, 10, true, 4);
    for (int i = 0; i < 10; i++) {
        double due = arrivals_take(&a), again = arrivals_take(&same),
               others = arrivals_take(&other);
        cr_assert_float_eq(again, due, 0);
        cr_assert_neq(others, due);
    }
}
