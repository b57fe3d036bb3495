#include "device_site.h"
#include "msg_device_beat.h"
#include "msg_device_ready.h"
#include "msg_grant_ack.h"

static struct site site;
static struct link_ends ends;
static struct wire there, back;

static struct slice take(uint8_t *bytes, size_t cap)
{
    struct slice message = { 0 };

    cr_assert_eq(peer_take(&ends.mediator, &back, bytes, cap, &message), ST_OK);
    return message;
}

static void open_link(void)
{
    uint8_t bytes[SITE_WIRE];
    struct device_ready ready;

    site_begin(&site);
    link_open(&ends, &site, &back);
    cr_assert_eq(device_ready_decode(take(bytes, sizeof bytes), &ready), ST_OK);
    cr_assert_eq(ready.capacity, SITE_GRANTS);
    cr_assert_eq(ready.held, 0);
    cr_assert_eq(ready.time, SITE_NOW);
}

static enum vouchsafe_device_status send_beat(bool pong, uint32_t number, uint64_t time)
{
    const struct device_beat beat = { .pong = pong, .number = number, .time = time };
    uint8_t bytes[32];
    struct writer w = writer_over(bytes, sizeof bytes);

    cr_assert_eq(device_beat_encode(&beat, &w), ST_OK);
    peer_send(&ends.mediator, &there, writer_slice(&w));
    return link_run(&ends, &there, &back);
}

Test(link, answers_pings_and_learns_the_time)
{
    uint8_t bytes[SITE_WIRE];
    struct device_beat beat;

    open_link();
    site.time.clock = 0;
    cr_assert_eq(send_beat(false, 7, SITE_NOW + 50), VOUCHSAFE_DEVICE_OK);
    cr_expect_eq(ends.event.what, VOUCHSAFE_DEVICE_BEAT);
    cr_assert_eq(device_beat_decode(take(bytes, sizeof bytes), &beat), ST_OK);
    cr_expect(beat.pong);
    cr_expect_eq(beat.number, 7);
    cr_expect_eq(beat.time, SITE_NOW + 50);
    site.time.uptime += 10;
    cr_expect_eq(vouchsafe_device_time(site.device), SITE_NOW + 60);
}

static uint32_t ping(void)
{
    struct vouchsafe_device_out out = wire_out(&back);
    uint8_t bytes[SITE_WIRE];
    struct device_beat beat;

    cr_assert_eq(vouchsafe_device_link_ping(&ends.link, &out), VOUCHSAFE_DEVICE_OK);
    back.len = out.len;
    cr_assert_eq(device_beat_decode(take(bytes, sizeof bytes), &beat), ST_OK);
    cr_assert_not(beat.pong);
    return beat.number;
}

Test(link, pings_and_hears_the_right_answer)
{
    open_link();
    uint32_t number = ping();
    cr_expect_eq(send_beat(true, number, SITE_NOW), VOUCHSAFE_DEVICE_OK);
    cr_expect_eq(ends.event.what, VOUCHSAFE_DEVICE_BEAT);
    cr_expect_neq(ping(), number);
    cr_expect_eq(send_beat(true, number, SITE_NOW), VOUCHSAFE_DEVICE_MALFORMED);
    cr_expect_eq(send_beat(false, 1, SITE_NOW), VOUCHSAFE_DEVICE_CLOSED);
}

static enum grant_result pushed(uint8_t id, uint64_t expires)
{
    struct grant grant = site_grant(id, false);
    uint8_t bytes[SITE_WIRE];
    struct grant_ack ack;

    grant.expires = expires;
    link_grant(&ends, &grant, &there);
    cr_assert_eq(link_run(&ends, &there, &back), VOUCHSAFE_DEVICE_OK);
    cr_assert_eq(grant_ack_decode(take(bytes, sizeof bytes), &ack), ST_OK);
    cr_assert_eq(ack.id[0], id);
    return ack.result;
}

Test(link, acknowledges_what_it_did)
{
    open_link();
    for (uint8_t id = 1; id <= SITE_GRANTS; id++)
        cr_expect_eq(pushed(id, SITE_NOW + 100), GRANT_TAKEN);
    cr_expect_eq(pushed(9, SITE_NOW + 100), GRANT_NO_ROOM);
    cr_expect_eq(ends.event.status, VOUCHSAFE_DEVICE_FULL);
    cr_expect_eq(pushed(1, SITE_NOW + 101), GRANT_REFUSED);
    site.time.clock += 100;
    cr_expect_eq(pushed(1, SITE_NOW + 100), GRANT_TAKEN, "it is there, if late");
    cr_expect_eq(pushed(9, SITE_NOW + 100), GRANT_LATE);
    cr_expect_eq(pushed(9, SITE_NOW + 101), GRANT_TAKEN);
}

Test(link, messages_that_a_mediator_does_not_send)
{
    static const uint8_t kinds[] = { 0, DEVICE_READY, DEVICE_GRANT_ACK, DEVICE_COMMAND, 7, 255 };

    for (size_t i = 0; i < sizeof kinds; i++) {
        open_link();
        peer_send(&ends.mediator, &there, (struct slice){ &kinds[i], 1 });
        cr_expect_eq(link_run(&ends, &there, &back), VOUCHSAFE_DEVICE_UNSUPPORTED);
    }
    open_link();
    peer_send(&ends.mediator, &there, SLICE_LIT("\x04short"));
    cr_expect_eq(link_run(&ends, &there, &back), VOUCHSAFE_DEVICE_MALFORMED);
}

Test(link, another_key_and_none)
{
    static const uint8_t other[32] = { 1 };
    struct wire answer = { .len = 0 };
    struct vouchsafe_device_out out = wire_out(&there);

    site_begin(&site);
    cr_assert_eq(vouchsafe_device_link_begin(&ends.link, site.device, &out), VOUCHSAFE_DEVICE_OK);
    there.len = out.len;
    cr_expect_eq(link_accept(&ends, other, &there, &answer), ST_DENIED);
    site.config.link_key = NULL;
    site_start(&site);
    cr_expect_eq(vouchsafe_device_link_begin(&ends.link, site.device, &out),
                 VOUCHSAFE_DEVICE_BAD_ARGUMENT);
    cr_expect_eq(vouchsafe_device_link_ping(&ends.link, &out), VOUCHSAFE_DEVICE_CLOSED);
}

Test(link, frames_from_both_sides_of_the_limit)
{
    static const uint8_t junk[DEVICE_LINK_MESSAGE_MAX + AEAD_TAG_LEN + 1];

    for (size_t more = 0; more < 2; more++) {
        open_link();
        wire_frame(&there, (struct slice){ junk, sizeof junk - 1 + more });
        cr_expect_eq(link_run(&ends, &there, &back),
                     more ? VOUCHSAFE_DEVICE_TOO_LARGE : VOUCHSAFE_DEVICE_DENIED);
    }
}
