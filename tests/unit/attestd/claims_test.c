#include "claims.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct appraisal found;
static const struct slice none = { NULL, 0 };

Test(claims, alike_ones_are_kept_up_to_a_number_and_none_twice)
{
    claim_add(&found, PROBE_MAPS, CLAIM_SYSTEM, SLICE_LIT("/lib/a"), none);
    claim_add(&found, PROBE_MAPS, CLAIM_SYSTEM, SLICE_LIT("/lib/a"), none);
    cr_assert_eq(found.claim_count, 1);
    for (char c = 'b'; c < 'z'; c++)
        claim_add(&found, PROBE_MAPS, CLAIM_SYSTEM, (struct slice){ (const uint8_t *)&c, 1 }, none);
    cr_assert_eq(found.claim_count, CLAIM_ALIKE_MAX);
    claim_add(&found, PROBE_MAPS, CLAIM_FOREIGN, SLICE_LIT("/lib/a"), none);
    cr_assert_eq(found.claim_count, CLAIM_ALIKE_MAX + 1, "another result is not held back by them");
    cr_assert_eq(found.claims[CLAIM_ALIKE_MAX].result, CLAIM_FOREIGN);
}

Test(claims, those_of_modules_are_all_kept)
{
    for (int i = 0; i < 7; i++)
        claim_add(&found, PROBE_MEMORY, CLAIM_PASSED, SLICE_LIT("same"), none);
    cr_assert_eq(found.claim_count, 7);
}

/* Every kind with every result, as often as there may be. */
Test(claims, there_is_room_for_all_that_can_be)
{
    char subject[8];

    for (int kind = PROBE_MAPS; kind < PROBE_KIND_COUNT; kind++)
        for (int result = 0; result < 8; result++)
            for (int i = 0; i < 10; i++) {
                snprintf(subject, sizeof subject, "%d", i);
                claim_add(&found, (enum probe_kind)kind, (enum claim_result)result,
                          slice_of(subject), none);
            }
    cr_assert_eq(found.claim_count, 4 * 8 * CLAIM_ALIKE_MAX);
    cr_assert_leq(found.claim_count + PROBES_MAX, CLAIMS_MAX);
}

Test(claims, of_what_is_too_long_the_end_is_kept)
{
    char path[CLAIM_SUBJECT_MAX + 2];

    memset(path, 'a', sizeof path);
    memcpy(path + sizeof path - 5, "/x.so", 5);
    claim_add(&found, PROBE_MAPS, CLAIM_FOREIGN,
              (struct slice){ (const uint8_t *)path, CLAIM_SUBJECT_MAX },
              (struct slice){ (const uint8_t *)path + 2, CLAIM_DETAIL_MAX });
    cr_assert_eq(strlen(found.claims[0].subject), CLAIM_SUBJECT_MAX);
    cr_assert_eq(found.claims[0].subject[0], 'a');
    claim_add(&found, PROBE_MAPS, CLAIM_FOREIGN,
              (struct slice){ (const uint8_t *)path, sizeof path }, none);
    cr_assert_eq(strlen(found.claims[1].subject), CLAIM_SUBJECT_MAX);
    cr_assert_eq(strncmp(found.claims[1].subject, "...a", 4), 0);
    cr_assert_str_eq(found.claims[1].subject + CLAIM_SUBJECT_MAX - 5, "/x.so");
}
