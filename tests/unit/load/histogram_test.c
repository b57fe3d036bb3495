#include "histogram.h"

#include <criterion/criterion.h>

static struct histogram h;

static void clear(void)
{
    h = (struct histogram){ .total = 0 };
}

Test(histogram, nothing_has_no_percentiles)
{
    clear();
    cr_assert_eq(histogram_percentile(&h, 0.5), 0);
    cr_assert_eq(histogram_percentile(&h, 1), 0);
    cr_assert_eq(histogram_from(&h, 0), 0);
}

Test(histogram, small_numbers_are_exact)
{
    clear();
    for (uint64_t v = 0; v < 128; v++)
        histogram_add(&h, v);
    for (uint64_t v = 0; v < 128; v++) {
        cr_assert_eq(histogram_percentile(&h, (double)(v + 1) / 128), v);
        cr_assert_eq(histogram_from(&h, v), 128 - v);
    }
}

/* Each value alone among greater ones: its bucket's end is what the median says. */
Test(histogram, no_bucket_is_wider_than_a_64th)
{
    for (unsigned bit = 0; bit < HISTOGRAM_VALUE_BITS; bit++) {
        for (uint64_t low = 0; low < 64; low++) {
            uint64_t value = (UINT64_C(1) << bit) + low * ((UINT64_C(1) << bit) / 64);
            clear();
            histogram_add(&h, value);
            histogram_add(&h, (UINT64_C(1) << HISTOGRAM_VALUE_BITS) - 1);
            uint64_t said = histogram_percentile(&h, 0.5);
            cr_assert_geq(said, value);
            cr_assert_leq(said - value, value / 64);
        }
    }
}

Test(histogram, never_says_more_than_there_was)
{
    clear();
    histogram_add(&h, 1000001);
    cr_assert_eq(histogram_percentile(&h, 0.999), 1000001);
    cr_assert_eq(h.most, 1000001);
}

Test(histogram, takes_what_is_too_much_as_the_most)
{
    const uint64_t most = (UINT64_C(1) << HISTOGRAM_VALUE_BITS) - 1;

    clear();
    histogram_add(&h, most);
    histogram_add(&h, most + 1);
    histogram_add(&h, UINT64_MAX);
    cr_assert_eq(h.total, 3);
    cr_assert_eq(h.most, most);
    cr_assert_eq(histogram_from(&h, most / 2), 3);
}

Test(histogram, the_tail_is_where_it_is)
{
    clear();
    for (int i = 0; i < 990; i++)
        histogram_add(&h, 1000);
    for (int i = 0; i < 10; i++)
        histogram_add(&h, 1000000);
    cr_assert_lt(histogram_percentile(&h, 0.99), 1020);
    cr_assert_geq(histogram_percentile(&h, 0.991), 1000000);
    cr_assert_eq(histogram_from(&h, 500000), 10);
}

Test(histogram, two_are_as_one)
{
    static struct histogram other;

    clear();
    histogram_add(&h, 5);
    histogram_add(&other, 7);
    histogram_add(&other, 3000);
    histogram_merge(&h, &other);
    cr_assert_eq(h.total, 3);
    cr_assert_eq(h.most, 3000);
    cr_assert_eq(histogram_percentile(&h, 0.6), 7);
}
