/* How often an altered block is seen, by what draw.c draws, against what token.c says of it:
 * coverage 1 - (1 - f)^k over a streak of k. Challenges are hashes of numbers, so that the outcome
 * is the same in each run; were they random, a right formula would fail once in a billion runs. */
#include <math.h>

#include "draw.h"
#include "folder.h"
#include "token.h"
#include "verifier.h"

enum { BLOCKS = 40, INSTANCES = 80000, STREAK_MAX = 4 };

static const double SIGMAS = 6.2; /* two-sided: 6e-10 */
static const struct policy policy = { .kinds = { [PROBE_FILE] = POLICY_REQUIRED } };
static struct build build;

/* A build of 97 blocks in two modules. */
static void setup(void)
{
    static uint8_t bytes[61 * PROBE_BLOCK_LEN];

    static struct module modules[2];

    build.modules = modules;
    build.module_count = 2;
    build.modules[0].file = (struct slice){ bytes, 61 * PROBE_BLOCK_LEN };
    build.modules[1].file = (struct slice){ bytes, 35 * PROBE_BLOCK_LEN + 7 };
}

TestSuite(coverage, .init = setup);

static bool asks_for(const struct drawn *drawn, size_t module, uint32_t block)
{
    for (uint32_t i = 0; i < drawn->count; i++)
        for (uint32_t b = 0; b < drawn->probes[i].block_count && drawn->modules[i] == module; b++)
            if (drawn->probes[i].blocks[b] == block)
                return true;
    return false;
}

/* Of so many instances with one altered block, how many are seen within k attestations; and what
 * the token says of the chance. */
static uint32_t seen_within(unsigned k, double *coverage)
{
    uint32_t seen = 0, counter = 0;
    static struct drawn drawn;

    for (uint32_t i = 0; i < INSTANCES; i++) {
        size_t module = i % 97 >= 61;
        uint32_t block = module ? i % 97 - 61 : i % 97;
        struct streak streak = { 0 };
        bool found = false;
        for (unsigned a = 0; a < k; a++) {
            uint32_t number[2] = { k, counter++ };
            struct digest challenge =
                crypto_sha256((struct slice){ (const uint8_t *)number, sizeof number });
            draw_probes(&build, &policy, challenge.bytes, BLOCKS, &drawn);
            found = found || asks_for(&drawn, module, block);
            streak = streak_extend(streak, drawn.fraction);
        }
        seen += found;
        *coverage = 1 - streak.miss;
    }
    return seen;
}

static double deviations(uint32_t seen, double chance)
{
    return fabs(seen - INSTANCES * chance) / sqrt(INSTANCES * chance * (1 - chance));
}

Test(coverage, an_altered_block_is_seen_as_often_as_the_token_says)
{
    double f = (double)BLOCKS / 97;

    for (unsigned k = 1; k <= STREAK_MAX; k++) {
        double coverage;
        uint32_t seen = seen_within(k, &coverage);
        cr_assert_float_eq(coverage, 1 - pow(1 - f, k), 1e-12);
        cr_assert_lt(deviations(seen, coverage), SIGMAS, "k %u: %u of %d", k, seen, INSTANCES);
        /* So many are enough to tell it from formulas that are nearly right. */
        const double wrong[] = { 1 - pow(1 - f, k + 1), 1 - pow(1 - f * 0.95, k),
                                 1 - pow(1 - f * 1.05, k), fmin(0.999, f * k * 1.05) };
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
            cr_assert_gt(deviations(seen, wrong[i]), SIGMAS, "k %u, wrong formula %zu", k, i);
    }
}
