#include "backoff.h"

#include <criterion/criterion.h>
#include <inttypes.h>

static const uint32_t least = 0, most = UINT32_MAX, half = UINT32_C(1) << 31;

Test(backoff, the_window_doubles_up_to_its_limit)
{
    static const int64_t longest[] = { 500, 1000, 2000, 4000, 8000, 10000, 10000 };

    for (unsigned n = 0; n < sizeof longest / sizeof longest[0]; n++) {
        cr_assert_eq(backoff_wait(500, 10000, n, most), longest[n], "%u", n);
        cr_assert_eq(backoff_wait(500, 10000, n, least), 0, "full jitter begins at nothing");
        cr_assert_eq(backoff_wait(500, 10000, n, half), longest[n] / 2);
    }
}

Test(backoff, extremes)
{
    cr_assert_eq(backoff_wait(1, INT32_MAX, UINT32_MAX, most), INT32_MAX);
    cr_assert_eq(backoff_wait(INT32_MAX, INT32_MAX, 0, most), INT32_MAX);
    cr_assert_eq(backoff_wait(INT32_MAX, INT32_MAX, 9, most), INT32_MAX);
    cr_assert_eq(backoff_wait(100, 10, 0, most), 10);
}

Test(backoff, every_wait_is_as_likely)
{
    int counts[4] = { 0 };

    for (uint64_t chance = 0; chance <= UINT32_MAX; chance += UINT32_C(1) << 20)
        counts[backoff_wait(3, 3, 0, (uint32_t)chance)]++;
    for (int i = 0; i < 4; i++)
        cr_assert_eq(counts[i], 1024, "%d: %d", i, counts[i]);
}
