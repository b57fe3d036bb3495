#include "sampling.h"

#include <criterion/criterion.h>
#include <string.h>

static struct sampling seeded(uint8_t seed)
{
    uint8_t challenge[CHALLENGE_LEN];
    struct sampling s;

    for (size_t i = 0; i < sizeof challenge; i++)
        challenge[i] = (uint8_t)(seed * 31 + i * 7);
    sampling_seed(&s, challenge, 0);
    return s;
}

Test(sampling, a_draw_is_sorted_without_repetition_and_in_range)
{
    static const struct {
        uint64_t n;
        uint32_t k;
    } cases[] = { { 0, 64 },
                  { 1, 64 },
                  { 64, 64 },
                  { 65, 64 },
                  { 1000, 1 },
                  { 300, PROBE_BLOCKS_MAX },
                  { UINT32_MAX, PROBE_BLOCKS_MAX } };
    uint32_t out[PROBE_BLOCKS_MAX];
    struct sampling s = seeded(1);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int round = 0; round < 50; round++) {
            uint32_t count = sampling_draw(&s, cases[i].n, cases[i].k, out);
            cr_assert_eq(count, cases[i].n < cases[i].k ? cases[i].n : cases[i].k);
            for (uint32_t j = 0; j < count; j++) {
                cr_assert_lt(out[j], cases[i].n);
                cr_assert(j == 0 || out[j - 1] < out[j]);
            }
        }
}

Test(sampling, the_same_challenge_draws_the_same)
{
    uint32_t a[PROBE_BLOCKS_MAX], b[PROBE_BLOCKS_MAX], c[PROBE_BLOCKS_MAX];
    struct sampling x = seeded(1), y = seeded(1), z = seeded(2);

    sampling_draw(&x, 10000, 64, a);
    sampling_draw(&y, 10000, 64, b);
    sampling_draw(&z, 10000, 64, c);
    cr_assert_arr_eq(a, b, 64 * sizeof a[0]);
    cr_assert_arr_neq(a, c, 64 * sizeof a[0]);
}

Test(sampling, an_all_zero_challenge_is_no_dead_end)
{
    uint8_t zero[CHALLENGE_LEN] = { 0 };
    uint32_t out[PROBE_BLOCKS_MAX];
    struct sampling s;

    sampling_seed(&s, zero, 0);
    cr_assert_eq(sampling_draw(&s, 1000, 8, out), 8);
    cr_assert_neq(sampling_next(&s), sampling_next(&s));
}

/* Chi-square over 200 blocks: 20,000 draws of 10 give 1,000 of each on average. The seed is fixed,
 * so that the outcome is; 199 degrees of freedom exceed 280 with a chance of about 1 in 10,000. */
Test(sampling, every_block_is_as_likely_as_any_other)
{
    enum { N = 200, K = 10, ROUNDS = 20000 };
    uint32_t counts[N] = { 0 }, out[PROBE_BLOCKS_MAX];
    struct sampling s = seeded(3);
    double chi = 0, mean = (double)ROUNDS * K / N;

    for (int round = 0; round < ROUNDS; round++) {
        uint32_t count = sampling_draw(&s, N, K, out);
        for (uint32_t i = 0; i < count; i++)
            counts[out[i]]++;
    }
    for (int i = 0; i < N; i++)
        chi += (counts[i] - mean) * (counts[i] - mean) / mean;
    cr_assert_lt(chi, 280, "%f", chi);
    cr_assert_gt(chi, 120, "%f: too even to be drawn", chi);
}

/* Of the 10 pairs out of 5 each comes up as often as any other: subsets, not only blocks. */
Test(sampling, every_subset_is_as_likely_as_any_other)
{
    uint32_t counts[32] = { 0 }, out[PROBE_BLOCKS_MAX];
    struct sampling s = seeded(4);

    for (int round = 0; round < 20000; round++) {
        sampling_draw(&s, 5, 2, out);
        counts[1u << out[0] | 1u << out[1]]++;
    }
    for (unsigned a = 0; a < 5; a++)
        for (unsigned b = a + 1; b < 5; b++)
            cr_assert(counts[1u << a | 1u << b] > 1800 && counts[1u << a | 1u << b] < 2200, "%u",
                      counts[1u << a | 1u << b]);
}

Test(sampling, below_stays_below)
{
    struct sampling s = seeded(5);

    for (int i = 0; i < 1000; i++) {
        cr_assert_eq(sampling_below(&s, 1), 0);
        cr_assert_lt(sampling_below(&s, 3), 3);
        cr_assert_lt(sampling_below(&s, (1ull << 63) + 1), (1ull << 63) + 1);
    }
}

/* Kinds draw from one challenge: what one of them draws must say nothing of the other's. Of 64 out
 * of 1,000 two independent draws share 4.1 on average. */
Test(sampling, streams_of_one_challenge_know_nothing_of_each_other)
{
    uint8_t challenge[CHALLENGE_LEN] = { 0 };
    uint32_t shared = 0;

    for (uint32_t round = 0; round < 1000; round++) {
        uint32_t a[PROBE_BLOCKS_MAX], b[PROBE_BLOCKS_MAX];
        struct sampling s;
        memcpy(challenge, &round, sizeof round);
        sampling_seed(&s, challenge, 0);
        sampling_draw(&s, 1000, 64, a);
        sampling_seed(&s, challenge, 1);
        sampling_draw(&s, 1000, 64, b);
        for (size_t i = 0, j = 0; i < 64 && j < 64;) {
            shared += a[i] == b[j];
            a[i] < b[j] ? i++ : j++;
        }
    }
    cr_assert(shared > 3700 && shared < 4500, "%u", shared);
}
