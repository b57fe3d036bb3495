#include "msg_command.h"

#include <criterion/criterion.h>
#include <string.h>

static enum status decode(const char *bytes, size_t len)
{
    struct command command;

    return command_decode((struct slice){ (const uint8_t *)bytes, len }, &command);
}

Test(msg_command, round_trip)
{
    const struct command command = { .number = 7,
                                     .action = SLICE_LIT("door:unlock"),
                                     .body = SLICE_LIT("slowly") };
    struct command out;
    uint8_t bytes[64];
    struct writer w = writer_over(bytes, sizeof bytes);

    cr_assert_eq(command_encode(&command, &w), ST_OK);
    cr_assert_eq(command_decode(writer_slice(&w), &out), ST_OK);
    cr_expect_eq(out.number, 7);
    cr_expect(slice_equal(out.action, command.action));
    cr_expect(slice_equal(out.body, command.body));
}

Test(msg_command, refuses)
{
    cr_expect_eq(decode("\x10\0\0\0\1\2go", 8), ST_OK, "the positive control");
    cr_expect_eq(decode("\x10\0\0\0\1\2gobody", 12), ST_OK);
    cr_expect_eq(decode("\x11\0\0\0\1\2go", 8), ST_INVALID, "an answer");
    cr_expect_eq(decode("\x04\0\0\0\1\2go", 8), ST_INVALID);
    cr_expect_eq(decode("", 0), ST_INVALID);
    for (size_t len = 0; len < 8; len++)
        cr_expect_eq(decode("\x10\0\0\0\1\2go", len), ST_INVALID, "%zu", len);
    cr_expect_eq(decode("\x10\0\0\0\1\0", 6), ST_INVALID, "no action");
    cr_expect_eq(decode("\x10\0\0\0\1\3g o", 9), ST_INVALID, "two words");
    cr_expect_eq(decode("\x10\0\0\0\1\3g\0o", 9), ST_INVALID);
}

Test(msg_command, limits_from_both_sides)
{
    static uint8_t text[COMMAND_BODY_MAX + 1], bytes[COMMAND_MESSAGE_MAX];
    struct command command = { .action = { text, COMMAND_ACTION_MAX },
                               .body = { text, COMMAND_BODY_MAX } };
    struct writer w = writer_over(bytes, sizeof bytes);

    memset(text, 'a', sizeof text);
    cr_expect_eq(command_encode(&command, &w), ST_OK, "the longest fits");
    w.len = 0;
    command.body.len++;
    cr_expect_eq(command_encode(&command, &w), ST_TOO_LARGE);
    command.body.len--;
    command.action.len++;
    cr_expect_eq(command_encode(&command, &w), ST_INVALID);
}

Test(msg_command, answers)
{
    struct answer answer = { .number = 9, .body = SLICE_LIT("open") }, out;
    uint8_t bytes[64];

    for (unsigned code = 0; code < 16; code++) {
        struct writer w = writer_over(bytes, sizeof bytes);
        answer.code = (enum answer_code)code;
        cr_assert_eq(answer_encode(&answer, &w), ST_OK);
        cr_assert_eq(answer_decode(writer_slice(&w), &out),
                     code <= ANSWER_BUSY ? ST_OK : ST_INVALID);
        if (code > ANSWER_BUSY)
            continue;
        cr_assert_eq(out.number, 9);
        cr_assert_eq(out.code, answer.code);
        cr_assert(slice_is(out.body, "open"));
        for (size_t len = 0; len < 6; len++)
            cr_assert_eq(answer_decode((struct slice){ bytes, len }, &out), ST_INVALID);
    }
}
