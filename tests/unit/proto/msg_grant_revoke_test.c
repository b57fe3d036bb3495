#include "msg_grant_revoke.h"

#include "every_cut.h"

static enum status decode(struct slice message, void *out)
{
    return grant_revoke_decode(message, out);
}

Test(msg_grant_revoke, round_trip_and_nothing_else)
{
    const struct grant_revoke revoke = { .id = { 1, 2 } };
    struct grant_revoke out;
    uint8_t bytes[32];
    struct writer w = writer_over(bytes, sizeof bytes);

    cr_assert_eq(grant_revoke_encode(&revoke, &w), ST_OK);
    every_cut_is_refused(decode, bytes, w.len, &out);
    cr_expect_arr_eq(out.id, revoke.id, sizeof out.id);
    every_other_kind_is_refused(decode, bytes, w.len, &out);
}
