#include "msg_grant_ack.h"

#include "every_cut.h"

static enum status decode(struct slice message, void *out)
{
    return grant_ack_decode(message, out);
}

Test(msg_grant_ack, round_trip_and_nothing_else)
{
    const struct grant_ack ack = { .id = { 1, 2 }, .result = GRANT_NO_ROOM };
    struct grant_ack out;
    uint8_t bytes[32];
    struct writer w = writer_over(bytes, sizeof bytes);

    cr_assert_eq(grant_ack_encode(&ack, &w), ST_OK);
    every_cut_is_refused(decode, bytes, w.len, &out);
    cr_expect_arr_eq(out.id, ack.id, sizeof out.id);
    cr_expect_eq(out.result, GRANT_NO_ROOM);
    every_other_kind_is_refused(decode, bytes, w.len, &out);
    for (unsigned result = 0; result < 256; result++) {
        bytes[w.len - 1] = (uint8_t)result;
        bool known = result >= GRANT_TAKEN && result <= GRANT_REVOKED;
        cr_assert_eq(decode(writer_slice(&w), &out), known ? ST_OK : ST_INVALID);
    }
}
