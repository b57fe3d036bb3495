#include "readiness.h"

#include <criterion/criterion.h>

static uint64_t now_ms = 1000;

static uint64_t hand_steady(void *arg)
{
    (void)arg;
    return now_ms;
}

static const struct clock hand = { NULL, hand_steady, NULL };
static struct readiness *r;

static void setup(void)
{
    cr_assert_eq(readiness_new(2, &hand, &r), ST_OK);
}

static void teardown(void)
{
    readiness_free(r);
}

TestSuite(readiness, .init = setup, .fini = teardown);

Test(readiness, not_before_every_worker_has_said_so)
{
    cr_assert_not(readiness_all(r));
    readiness_tell(r, 0, true);
    cr_assert_not(readiness_all(r));
    readiness_tell(r, 1, true);
    cr_assert(readiness_all(r));
}

Test(readiness, one_that_cannot_serve_is_enough)
{
    readiness_tell(r, 0, true);
    readiness_tell(r, 1, true);
    readiness_tell(r, 1, false);
    cr_assert_not(readiness_all(r));
    readiness_tell(r, 1, true);
    cr_assert(readiness_all(r));
}

Test(readiness, one_that_is_silent_is_not_ready)
{
    readiness_tell(r, 0, true);
    readiness_tell(r, 1, true);
    now_ms += READINESS_STALE_MS - 1;
    cr_assert(readiness_all(r));
    readiness_tell(r, 0, true);
    now_ms += 1;
    cr_assert_not(readiness_all(r));
    readiness_tell(r, 1, true);
    cr_assert(readiness_all(r));
}

Test(readiness, the_end_is_the_end)
{
    readiness_tell(r, 0, true);
    readiness_tell(r, 1, true);
    readiness_end(r);
    readiness_tell(r, 0, true);
    cr_assert_not(readiness_all(r));
}
