#include "grants.h"

#include <criterion/criterion.h>
#include <string.h>

enum { CAPACITY = 3 };
static struct grant_slot slots[CAPACITY];
static struct grants table;

static struct grant sample(uint8_t id)
{
    struct grant g = { .id = { id }, .issued_at = 100, .not_before = 100, .expires = 200 };

    memset(g.key, id, sizeof g.key);
    g.scope = SLICE_LIT("door:unlock");
    return g;
}

static enum grant_result put(uint8_t id, int64_t now)
{
    struct grant g = sample(id);

    return grants_put(&table, &g, now);
}

Test(grants, capacity_from_both_sides)
{
    grants_init(&table, slots, CAPACITY);
    for (uint8_t id = 1; id <= CAPACITY; id++)
        cr_assert_eq(put(id, 150), GRANT_TAKEN);
    cr_assert_eq(put(9, 150), GRANT_NO_ROOM, "none of them has expired");
    cr_assert_eq(put(1, 150), GRANT_TAKEN, "it is there already");
    cr_assert_eq(grants_held(&table), CAPACITY);
    struct grant late = sample(9);
    late.expires = 300;
    cr_assert_eq(grants_put(&table, &late, 200), GRANT_TAKEN, "one makes room when it has expired");
    uint8_t first[GRANT_ID_LEN] = { 1 };
    cr_assert_null(grants_find(&table, first));
}

Test(grants, late_and_never)
{
    grants_init(&table, slots, CAPACITY);
    cr_assert_eq(put(1, 200), GRANT_LATE);
    cr_assert_eq(put(1, 199), GRANT_TAKEN);
    cr_assert_eq(put(2, 0), GRANT_TAKEN, "who knows no time takes it");
}

Test(grants, another_grant_under_the_same_id)
{
    grants_init(&table, slots, CAPACITY);
    cr_assert_eq(put(1, 150), GRANT_TAKEN);
    struct grant other = sample(1);
    other.key[5] ^= 1;
    cr_expect_eq(grants_put(&table, &other, 150), GRANT_REFUSED);
    other = sample(1);
    other.expires++;
    cr_expect_eq(grants_put(&table, &other, 150), GRANT_REFUSED);
    other = sample(1);
    other.scope = SLICE_LIT("door:lock");
    cr_expect_eq(grants_put(&table, &other, 150), GRANT_REFUSED);
    other = sample(1);
    other.once = true;
    cr_expect_eq(grants_put(&table, &other, 150), GRANT_REFUSED);
    cr_expect_eq(put(1, 150), GRANT_TAKEN);
}

Test(grants, what_is_over_has_no_key_and_does_not_come_back)
{
    static const uint8_t zeros[OCT_KEY_LEN], id[GRANT_ID_LEN] = { 1 };

    grants_init(&table, slots, CAPACITY);
    cr_assert_eq(put(1, 150), GRANT_TAKEN);
    struct grant_slot *slot = grants_find(&table, id);
    cr_assert_not_null(slot);
    grants_end(slot);
    cr_expect_arr_eq(slot->key, zeros, sizeof zeros);
    cr_expect_null(grants_find(&table, id));
    cr_expect_eq(put(1, 150), GRANT_TAKEN);
    cr_expect_null(grants_find(&table, id));
    cr_assert_eq(put(2, 150), GRANT_TAKEN);
    static const uint8_t second[GRANT_ID_LEN] = { 2 }, unknown[GRANT_ID_LEN] = { 7 };
    grants_revoke(&table, unknown);
    cr_expect_not_null(grants_find(&table, second));
    grants_revoke(&table, second);
    cr_expect_null(grants_find(&table, second));
}

Test(grants, one_that_a_command_runs_under_stays)
{
    static const uint8_t id[GRANT_ID_LEN] = { 1 };

    grants_init(&table, slots, 1);
    cr_assert_eq(put(1, 150), GRANT_TAKEN);
    grants_find(&table, id)->state = GRANT_CLAIMED;
    struct grant next = sample(2);
    next.expires = 400;
    cr_expect_eq(grants_put(&table, &next, 300), GRANT_NO_ROOM);
    grants_end(grants_find(&table, id));
    cr_expect_eq(grants_put(&table, &next, 300), GRANT_TAKEN);
}

Test(grants, cleared_is_wiped)
{
    static const struct grant_slot zeros[CAPACITY];

    grants_init(&table, slots, CAPACITY);
    cr_assert_eq(put(1, 150), GRANT_TAKEN);
    grants_clear(&table);
    cr_expect_eq(memcmp(slots, zeros, sizeof slots), 0);
}
