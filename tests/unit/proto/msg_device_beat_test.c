#include "msg_device_beat.h"

#include "every_cut.h"

static enum status decode(struct slice message, void *out)
{
    return device_beat_decode(message, out);
}

Test(msg_device_beat, round_trip_and_nothing_else)
{
    for (int pong = 0; pong < 2; pong++) {
        const struct device_beat beat = { .pong = pong, .number = 77, .time = 1790000000 };
        struct device_beat out;
        uint8_t bytes[32];
        struct writer w = writer_over(bytes, sizeof bytes);
        cr_assert_eq(device_beat_encode(&beat, &w), ST_OK);
        cr_assert_eq(bytes[0], pong ? DEVICE_PONG : DEVICE_PING);
        every_cut_is_refused(decode, bytes, w.len, &out);
        cr_expect_eq(out.pong, pong);
        cr_expect_eq(out.number, 77);
        cr_expect_eq(out.time, 1790000000);
        bytes[0] = DEVICE_GRANT;
        cr_expect_eq(decode(writer_slice(&w), &out), ST_INVALID);
    }
}
