#include "msg_device_ready.h"

#include "every_cut.h"

static enum status decode(struct slice message, void *out)
{
    return device_ready_decode(message, out);
}

Test(msg_device_ready, round_trip_and_nothing_else)
{
    const struct device_ready ready = { .capacity = 8, .held = 8, .time = 1790000000 };
    struct device_ready out;
    uint8_t bytes[32];
    struct writer w = writer_over(bytes, sizeof bytes);

    cr_assert_eq(device_ready_encode(&ready, &w), ST_OK);
    every_cut_is_refused(decode, bytes, w.len, &out);
    cr_expect_eq(out.capacity, 8);
    cr_expect_eq(out.held, 8);
    cr_expect_eq(out.time, 1790000000);
    every_other_kind_is_refused(decode, bytes, w.len, &out);
    bytes[4]++;
    cr_expect_eq(decode(writer_slice(&w), &out), ST_INVALID, "more held than can be");
}
