#include "msg_grant.h"

#include "every_cut.h"

static enum status decode(struct slice message, void *out)
{
    return grant_decode(message, out);
}

static struct grant sample(void)
{
    return (struct grant){ .id = { 1, 2 },
                           .key = { 3, 4 },
                           .issued_at = 1000,
                           .not_before = 1100,
                           .expires = 2000,
                           .once = true,
                           .jkt = { { 5 } },
                           .scope = SLICE_LIT("door:unlock alarm:off") };
}

Test(msg_grant, round_trip_and_nothing_else)
{
    const struct grant grant = sample();
    struct grant out;
    uint8_t bytes[DEVICE_LINK_MESSAGE_MAX];
    struct writer w = writer_over(bytes, sizeof bytes);

    cr_assert_eq(grant_encode(&grant, &w), ST_OK);
    every_cut_is_refused(decode, bytes, w.len, &out);
    cr_expect_arr_eq(out.id, grant.id, sizeof out.id);
    cr_expect_arr_eq(out.key, grant.key, sizeof out.key);
    cr_expect_arr_eq(out.jkt.bytes, grant.jkt.bytes, sizeof out.jkt.bytes);
    cr_expect_eq(out.issued_at, 1000);
    cr_expect_eq(out.not_before, 1100);
    cr_expect_eq(out.expires, 2000);
    cr_expect(out.once);
    cr_expect(slice_equal(out.scope, grant.scope));
    every_other_kind_is_refused(decode, bytes, w.len, &out);
}

Test(msg_grant, refuses_flags_that_are_none)
{
    const struct grant grant = sample();
    struct grant out;
    uint8_t bytes[DEVICE_LINK_MESSAGE_MAX];
    struct writer w = writer_over(bytes, sizeof bytes);
    enum { FLAGS_AT = 1 + GRANT_ID_LEN + OCT_KEY_LEN + 24 };

    cr_assert_eq(grant_encode(&grant, &w), ST_OK);
    for (unsigned flags = 0; flags < 256; flags++) {
        bytes[FLAGS_AT] = (uint8_t)flags;
        cr_assert_eq(decode(writer_slice(&w), &out), flags <= 1 ? ST_OK : ST_INVALID);
        if (flags <= 1)
            cr_assert_eq(out.once, flags);
    }
}

Test(msg_grant, times_in_order)
{
    uint8_t bytes[DEVICE_LINK_MESSAGE_MAX];
    struct grant grant = sample();
    struct writer w = writer_over(bytes, sizeof bytes);

    grant.not_before = grant.expires;
    cr_expect_eq(grant_encode(&grant, &w), ST_INVALID);
    grant.not_before--;
    cr_expect_eq(grant_encode(&grant, &w), ST_OK);
    grant.expires = (uint64_t)INT64_MAX + 1;
    cr_expect_eq(grant_encode(&grant, &w), ST_INVALID);
}

Test(msg_grant, the_longest_scope_fits_into_a_message)
{
    static uint8_t scope[GRANT_SCOPE_MAX + 1];
    uint8_t bytes[DEVICE_LINK_MESSAGE_MAX];
    struct grant grant = sample();
    struct writer w = writer_over(bytes, sizeof bytes);

    memset(scope, 'a', sizeof scope);
    grant.scope = (struct slice){ scope, GRANT_SCOPE_MAX };
    cr_expect_eq(grant_encode(&grant, &w), ST_OK);
    grant.scope.len++;
    cr_expect_eq(grant_encode(&grant, &w), ST_INVALID);
}

Test(msg_grant, scopes)
{
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        { "a", true },     { "a b", true },   { "door:unlock alarm:off", true },
        { "", false },     { " a", false },   { "a ", false },
        { "a  b", false }, { "a\tb", false }, { "a\"b", false },
        { "a\\b", false }, { "a\nb", false }, { "\xc3\xa4", false },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_eq(grant_scope_ok(slice_of(cases[i].text)), cases[i].good, "'%s'", cases[i].text);
}

Test(msg_grant, a_word_of_a_scope)
{
    const struct slice scope = SLICE_LIT("door:unlock alarm:off");

    cr_expect(grant_scope_has(scope, SLICE_LIT("door:unlock")));
    cr_expect(grant_scope_has(scope, SLICE_LIT("alarm:off")));
    cr_expect_not(grant_scope_has(scope, SLICE_LIT("door:unloc")));
    cr_expect_not(grant_scope_has(scope, SLICE_LIT("door")));
    cr_expect_not(grant_scope_has(scope, SLICE_LIT("oor:unlock")));
    cr_expect_not(grant_scope_has(scope, SLICE_LIT("Door:unlock")));
    cr_expect_not(grant_scope_has(scope, SLICE_LIT("")));
    cr_expect_not(grant_scope_has(scope, SLICE_LIT("door:unlock alarm:off")));
}
