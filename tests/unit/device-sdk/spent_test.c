#include "spent.h"

#include <criterion/criterion.h>

static struct spent_token tokens[2];
static struct spent table;

static enum status add(uint8_t id, int64_t expires, int64_t now)
{
    uint8_t bytes[GRANT_ID_LEN] = { id };

    return spent_add(&table, bytes, expires, now);
}

Test(spent, once_each_and_until_they_expire)
{
    static const uint8_t one[GRANT_ID_LEN] = { 1 };

    spent_init(&table, tokens, 2);
    cr_expect_not(spent_has(&table, one));
    cr_expect_eq(add(1, 200, 100), ST_OK);
    cr_expect(spent_has(&table, one));
    cr_expect_eq(add(1, 200, 100), ST_EXISTS);
    cr_expect_eq(add(2, 300, 100), ST_OK);
    cr_expect_eq(add(3, 300, 199), ST_BUSY, "rather none than one twice");
    cr_expect_eq(add(3, 300, 200), ST_OK, "the first has expired");
    cr_expect_not(spent_has(&table, one));
    cr_expect_eq(add(2, 300, 200), ST_EXISTS);
}

Test(spent, a_table_without_places_takes_none)
{
    spent_init(&table, tokens, 0);
    cr_expect_eq(add(1, 200, 100), ST_BUSY);
}
