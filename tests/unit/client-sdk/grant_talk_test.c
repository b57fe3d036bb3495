/* The app's end of a channel, with the device SDK at the other one. */
#include <stdlib.h>

#include "device_site.h"
#include "grant.h"

static struct site site;
static struct program program;
static struct vouchsafe_grant grant;
static struct vouchsafe_grant_talk *talk;
static struct vouchsafe_grant_event event;
static struct wire there, back;

static void hold(enum device_hello_kind kind, struct slice shown, const uint8_t *key)
{
    grant = (struct vouchsafe_grant){ .kind = kind };
    memcpy(kind == DEVICE_HELLO_GRANT ? (char *)grant.id : grant.shown, shown.data, shown.len);
    memcpy(grant.key, key, sizeof grant.key);
}

/* A door with a grant, which the app holds. */
static void begin(void)
{
    site_begin(&site);
    struct grant pushed = site_grant(1, false);
    for (size_t i = 0; i < sizeof pushed.key; i++)
        pushed.key[i] = (uint8_t)i;
    cr_assert_eq(site_push(&site, &pushed), VOUCHSAFE_DEVICE_OK);
    hold(DEVICE_HELLO_GRANT, (struct slice){ pushed.id, sizeof pushed.id }, pushed.key);
    program_begin(&program, &site);
    there.len = back.len = 0;
}

static struct vouchsafe_grant_out room(struct wire *wire)
{
    return (struct vouchsafe_grant_out){ wire->bytes, sizeof wire->bytes, wire->len };
}

static enum vouchsafe_error greet(void)
{
    struct vouchsafe_grant_out out = room(&there);
    enum vouchsafe_error error = vouchsafe_grant_talk_new(&grant, &out, &talk);

    there.len = out.len;
    return error;
}

static enum vouchsafe_error ask(const char *action)
{
    struct vouchsafe_grant_out out = room(&there);
    enum vouchsafe_error error = vouchsafe_grant_talk_ask(talk, action, NULL, 0, &out);

    there.len = out.len;
    return error;
}

/* What the device said, up to the first event. */
static enum vouchsafe_error hear(void)
{
    size_t used = 0;
    enum vouchsafe_error error =
        vouchsafe_grant_talk_take(talk, back.bytes, back.len, &used, &event);

    memmove(back.bytes, back.bytes + used, back.len - used);
    back.len -= used;
    return error;
}

static void open_door(void)
{
    cr_assert_eq(greet(), VOUCHSAFE_OK);
    cr_assert_eq(program_run(&program, &there, &back), VOUCHSAFE_DEVICE_OK);
    cr_assert_eq(hear(), VOUCHSAFE_OK);
    cr_assert_eq(event.what, VOUCHSAFE_GRANT_OPENED);
}

static enum vouchsafe_error ask_and_hear(const char *action)
{
    cr_assert_eq(ask(action), VOUCHSAFE_OK);
    cr_assert_eq(program_run(&program, &there, &back), VOUCHSAFE_DEVICE_OK);
    return hear();
}

Test(grant_talk, misuse_is_refused_and_ends_nothing)
{
    static uint8_t body[VOUCHSAFE_GRANT_BODY_MAX + 1];
    size_t used;

    begin();
    struct vouchsafe_grant_out none = { NULL, 0, 0 }, out = room(&there);
    cr_expect_eq(vouchsafe_grant_talk_new(NULL, &out, &talk), VOUCHSAFE_BAD_ARGUMENT);
    cr_expect_eq(vouchsafe_grant_talk_new(&grant, &none, &talk), VOUCHSAFE_BAD_ARGUMENT);
    cr_expect_null(talk);
    cr_assert_eq(greet(), VOUCHSAFE_OK);
    cr_expect_eq(ask("door:unlock"), VOUCHSAFE_BAD_ARGUMENT, "it is not open");
    cr_assert_eq(program_run(&program, &there, &back), VOUCHSAFE_DEVICE_OK);
    cr_assert_eq(hear(), VOUCHSAFE_OK);
    cr_expect_eq(ask(""), VOUCHSAFE_BAD_ARGUMENT);
    cr_expect_eq(ask("door:unlock alarm:off"), VOUCHSAFE_BAD_ARGUMENT);
    cr_expect_eq(vouchsafe_grant_talk_ask(talk, "door:unlock", body, sizeof body, &out),
                 VOUCHSAFE_BAD_ARGUMENT);
    cr_expect_eq(vouchsafe_grant_talk_ask(talk, "door:unlock", NULL, 1, &out),
                 VOUCHSAFE_BAD_ARGUMENT);
    out.cap = out.len + 10;
    cr_expect_eq(vouchsafe_grant_talk_ask(talk, "door:unlock", NULL, 0, &out),
                 VOUCHSAFE_BAD_ARGUMENT);
    cr_expect_eq(vouchsafe_grant_talk_take(talk, NULL, 1, &used, &event), VOUCHSAFE_BAD_ARGUMENT);
    cr_expect_eq(program.carried_out, 0);
    cr_expect_eq(ask_and_hear("door:unlock"), VOUCHSAFE_OK, "all goes on");
    cr_expect_eq(event.code, VOUCHSAFE_GRANT_DONE);
    vouchsafe_grant_talk_free(talk);
    vouchsafe_grant_talk_free(NULL);
}

Test(grant_talk, room_for_the_opening_to_the_byte)
{
    begin();
    cr_assert_eq(greet(), VOUCHSAFE_OK);
    vouchsafe_grant_talk_free(talk);
    size_t whole = there.len;
    for (size_t cap = 0; cap <= whole; cap++) {
        struct vouchsafe_grant_out out = { there.bytes, cap, 0 };
        cr_assert_eq(vouchsafe_grant_talk_new(&grant, &out, &talk),
                     cap < whole ? VOUCHSAFE_BAD_ARGUMENT : VOUCHSAFE_OK, "%zu", cap);
        cr_assert_eq(out.len, cap < whole ? 0 : whole);
        vouchsafe_grant_talk_free(talk);
    }
}

Test(grant_talk, another_key_opens_nothing)
{
    begin();
    grant.key[31] ^= 1;
    cr_assert_eq(greet(), VOUCHSAFE_OK);
    cr_expect_eq(program_run(&program, &there, &back), VOUCHSAFE_DEVICE_DENIED);
    cr_expect_eq(back.len, 0);
    vouchsafe_grant_talk_free(talk);
}

Test(grant_talk, whoever_lacks_the_key_is_not_the_device)
{
    struct peer thief;
    uint8_t guess[32] = { 1 }, buffer[SITE_WIRE];
    struct slice frame;

    begin();
    cr_assert_eq(greet(), VOUCHSAFE_OK);
    cr_assert(wire_take(&there, buffer, sizeof buffer, &frame));
    peer_begin(&thief, NOISE_RESPONDER, grant_shown(&grant), guess);
    cr_assert_eq(peer_read(&thief, &there), ST_DENIED);
    wire_frame(&back, (struct slice){ buffer, 48 });
    cr_expect_eq(hear(), VOUCHSAFE_NOT_DEVICE);
    cr_expect_eq(hear(), VOUCHSAFE_ENDED);
    cr_expect_eq(ask("door:unlock"), VOUCHSAFE_ENDED);
    vouchsafe_grant_talk_free(talk);
}

/* Each byte of what the device says, wrong by one bit: no event but a clean error, or none at all
 * while a longer message is awaited. */
static void flip_each(bool opened)
{
    size_t count = 1;

    for (size_t at = 0; at < count; at++) {
        begin();
        if (opened)
            open_door();
        cr_assert_eq(opened ? ask("door:unlock") : greet(), VOUCHSAFE_OK);
        cr_assert_eq(program_run(&program, &there, &back), VOUCHSAFE_DEVICE_OK);
        count = back.len;
        back.bytes[at] ^= 1;
        enum vouchsafe_error error = hear();
        cr_assert_eq(event.what, VOUCHSAFE_GRANT_NOTHING, "%zu", at);
        cr_assert(error || at < FRAME_HEAD_LEN, "%zu", at);
        if (error)
            cr_assert_eq(ask("alarm:off"), VOUCHSAFE_ENDED);
        vouchsafe_grant_talk_free(talk);
        vouchsafe_device_session_end(&program.session);
    }
    cr_assert_gt(count, 20);
}

Test(grant_talk, a_flipped_bit_in_the_handshake)
{
    flip_each(false);
}

Test(grant_talk, a_flipped_bit_in_an_answer)
{
    flip_each(true);
}

/* Another answer to the command that waits. */
static void device_says(enum vouchsafe_device_answer answer, const char *body)
{
    struct vouchsafe_device_out out = wire_out(&back);

    cr_assert_eq(vouchsafe_device_session_answer(&program.session, answer, (const uint8_t *)body,
                                                 strlen(body), &out),
                 VOUCHSAFE_DEVICE_OK);
    back.len = out.len;
}

/* A command with a first answer of several. */
static void begin_stream(void)
{
    begin();
    open_door();
    program.answers = VOUCHSAFE_DEVICE_MORE;
    cr_assert_eq(ask("door:unlock"), VOUCHSAFE_OK);
    cr_assert_eq(program_run(&program, &there, &back), VOUCHSAFE_DEVICE_OK);
}

Test(grant_talk, an_answer_played_again)
{
    begin_stream();
    struct wire first = back;
    cr_assert_eq(hear(), VOUCHSAFE_OK);
    back = first;
    cr_expect_eq(hear(), VOUCHSAFE_NOT_DEVICE);
    cr_expect_eq(event.what, VOUCHSAFE_GRANT_NOTHING);
    vouchsafe_grant_talk_free(talk);
}

Test(grant_talk, an_answer_that_is_missing)
{
    begin_stream();
    back.len = 0;
    device_says(VOUCHSAFE_DEVICE_DONE, "the second");
    cr_expect_eq(hear(), VOUCHSAFE_NOT_DEVICE);
    vouchsafe_grant_talk_free(talk);
}

Test(grant_talk, answers_in_another_order)
{
    begin_stream();
    struct wire first = back;
    back.len = 0;
    device_says(VOUCHSAFE_DEVICE_DONE, "the second");
    memcpy(back.bytes + back.len, first.bytes, first.len);
    back.len += first.len;
    cr_expect_eq(hear(), VOUCHSAFE_NOT_DEVICE);
    cr_expect_eq(hear(), VOUCHSAFE_ENDED);
    vouchsafe_grant_talk_free(talk);
}

Test(grant_talk, an_answer_nobody_asked_for_and_one_to_another_command)
{
    for (int asked = 0; asked < 2; asked++) {
        struct peer device;
        uint8_t room_of[COMMAND_MESSAGE_MAX], buffer[SITE_WIRE];
        struct writer w = writer_over(room_of, sizeof room_of);
        const struct answer answer = { .number = 7, .code = ANSWER_DONE };
        struct slice frame;

        begin();
        cr_assert_eq(greet(), VOUCHSAFE_OK);
        cr_assert(wire_take(&there, buffer, sizeof buffer, &frame));
        peer_begin(&device, NOISE_RESPONDER, grant_shown(&grant), grant.key);
        cr_assert_eq(peer_read(&device, &there), ST_OK);
        peer_write(&device, &back);
        cr_assert_eq(peer_split(&device), ST_OK);
        cr_assert_eq(hear(), VOUCHSAFE_OK);
        if (asked)
            cr_assert_eq(ask("door:unlock"), VOUCHSAFE_OK);
        cr_assert_eq(answer_encode(&answer, &w), ST_OK);
        peer_send(&device, &back, writer_slice(&w));
        cr_expect_eq(hear(), VOUCHSAFE_BAD_ANSWER);
        vouchsafe_grant_talk_free(talk);
    }
}

Test(grant_talk, a_message_longer_than_any_is_refused_at_its_head)
{
    begin();
    cr_assert_eq(greet(), VOUCHSAFE_OK);
    memset(back.bytes, 0xff, 2);
    back.len = 2;
    cr_expect_eq(hear(), VOUCHSAFE_BAD_ANSWER);
    cr_expect_eq(hear(), VOUCHSAFE_ENDED);
    vouchsafe_grant_talk_free(talk);
}

Test(grant_talk, the_door_opens)
{
    begin();
    open_door();
    cr_expect_eq(ask_and_hear("door:unlock"), VOUCHSAFE_OK);
    cr_expect_eq(event.what, VOUCHSAFE_GRANT_ANSWER);
    cr_expect_eq(event.code, VOUCHSAFE_GRANT_DONE);
    cr_expect_eq(event.body_len, 2);
    cr_expect_eq(memcmp(event.body, "ok", 2), 0);
    cr_expect_str_eq(program.last, "door:unlock");
    cr_expect_eq(ask_and_hear("alarm:off"), VOUCHSAFE_OK);
    cr_expect_eq(event.code, VOUCHSAFE_GRANT_DONE);
    cr_expect_eq(program.carried_out, 2);
    vouchsafe_grant_talk_free(talk);
}

Test(grant_talk, what_the_grant_lacks_and_the_time_after_it)
{
    begin();
    open_door();
    cr_expect_eq(ask_and_hear("door:lock"), VOUCHSAFE_OK);
    cr_expect_eq(event.code, VOUCHSAFE_GRANT_DENIED);
    program.answers = VOUCHSAFE_DEVICE_NOT_DONE;
    cr_expect_eq(ask_and_hear("door:unlock"), VOUCHSAFE_OK);
    cr_expect_eq(event.code, VOUCHSAFE_GRANT_FAILED);
    site.time.clock += 3600;
    cr_expect_eq(ask_and_hear("door:unlock"), VOUCHSAFE_OK);
    cr_expect_eq(event.code, VOUCHSAFE_GRANT_DENIED);
    cr_expect_eq(program.carried_out, 1);
    vouchsafe_grant_talk_free(talk);
}

Test(grant_talk, answers_that_follow_each_other)
{
    begin_stream();
    device_says(VOUCHSAFE_DEVICE_MORE, "two");
    device_says(VOUCHSAFE_DEVICE_DONE, "three");
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(ask("alarm:off"), VOUCHSAFE_BAD_ARGUMENT, "one command at a time");
        cr_assert_eq(hear(), VOUCHSAFE_OK);
        cr_assert_eq(event.code, i < 2 ? VOUCHSAFE_GRANT_MORE : VOUCHSAFE_GRANT_DONE);
    }
    cr_expect_eq(event.body_len, 5);
    program.answers = VOUCHSAFE_DEVICE_DONE;
    cr_expect_eq(ask_and_hear("alarm:off"), VOUCHSAFE_OK);
    vouchsafe_grant_talk_free(talk);
}

Test(grant_talk, byte_by_byte)
{
    size_t used;

    begin();
    cr_assert_eq(greet(), VOUCHSAFE_OK);
    cr_assert_eq(program_run(&program, &there, &back), VOUCHSAFE_DEVICE_OK);
    for (size_t i = 0; i < back.len; i++) {
        cr_assert_eq(vouchsafe_grant_talk_take(talk, back.bytes + i, 1, &used, &event),
                     VOUCHSAFE_OK);
        cr_assert_eq(used, 1);
        cr_assert_eq(event.what,
                     i + 1 < back.len ? VOUCHSAFE_GRANT_NOTHING : VOUCHSAFE_GRANT_OPENED);
    }
    cr_assert_eq(vouchsafe_grant_talk_take(talk, NULL, 0, &used, &event), VOUCHSAFE_OK);
    cr_assert_eq(event.what, VOUCHSAFE_GRANT_NOTHING);
    vouchsafe_grant_talk_free(talk);
}

Test(grant_talk, the_longest_command)
{
    static uint8_t body[VOUCHSAFE_GRANT_BODY_MAX];

    begin();
    open_door();
    struct vouchsafe_grant_out out = room(&there);
    out.cap = VOUCHSAFE_GRANT_OUT_MAX;
    cr_assert_eq(vouchsafe_grant_talk_ask(talk, "door:unlock", body, sizeof body, &out),
                 VOUCHSAFE_OK);
    there.len = out.len;
    cr_assert_eq(program_run(&program, &there, &back), VOUCHSAFE_DEVICE_OK);
    cr_assert_eq(hear(), VOUCHSAFE_OK);
    cr_expect_eq(event.code, VOUCHSAFE_GRANT_DONE);
    vouchsafe_grant_talk_free(talk);
}

Test(grant_talk, a_device_token)
{
    site_begin(&site);
    struct site_wish wish = site_wish(&site);
    struct site_token t = site_mint(&wish);

    hold(DEVICE_HELLO_TOKEN, token_slice(&t), t.key);
    program_begin(&program, &site);
    open_door();
    cr_expect_eq(ask_and_hear("door:unlock"), VOUCHSAFE_OK);
    cr_expect_eq(event.code, VOUCHSAFE_GRANT_DONE);
    vouchsafe_grant_talk_free(talk);
}

Test(grant_talk, a_grant_that_is_freed_leaves_the_conversation)
{
    struct vouchsafe_grant *own = malloc(sizeof *own);

    begin();
    *own = grant;
    struct vouchsafe_grant_out out = room(&there);
    cr_assert_eq(vouchsafe_grant_talk_new(own, &out, &talk), VOUCHSAFE_OK);
    there.len = out.len;
    vouchsafe_grant_free(own);
    cr_assert_eq(program_run(&program, &there, &back), VOUCHSAFE_DEVICE_OK);
    cr_assert_eq(hear(), VOUCHSAFE_OK);
    cr_expect_eq(ask_and_hear("door:unlock"), VOUCHSAFE_OK);
    vouchsafe_grant_talk_free(talk);
}
