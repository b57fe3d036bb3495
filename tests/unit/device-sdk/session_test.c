#include "device_site.h"

static struct site site;
static struct program program;
static struct peer app;
static enum vouchsafe_device_status st;

static struct grant pushed(uint8_t id, bool once)
{
    struct grant grant = site_grant(id, once);

    cr_assert_eq(site_push(&site, &grant), VOUCHSAFE_DEVICE_OK);
    return grant;
}

Test(session, a_grant_opens_the_door)
{
    site_begin(&site);
    struct grant grant = pushed(1, false);

    cr_assert_eq(site_grant_open(&site, &grant, &app, &program), VOUCHSAFE_DEVICE_OK);
    cr_expect_eq(app_ask(&app, 0, "door:unlock", &program, &st), ANSWER_DONE);
    cr_expect_str_eq(program.last, "door:unlock");
    cr_expect_eq(app_ask(&app, 1, "alarm:off", &program, &st), ANSWER_DONE);
    cr_expect_eq(program.carried_out, 2);
}

Test(session, what_the_scope_lacks_is_denied)
{
    site_begin(&site);
    struct grant grant = pushed(1, false);

    cr_assert_eq(site_grant_open(&site, &grant, &app, &program), VOUCHSAFE_DEVICE_OK);
    cr_expect_eq(app_ask(&app, 0, "door:lock", &program, &st), ANSWER_DENIED);
    cr_expect_eq(st, VOUCHSAFE_DEVICE_OK, "the session goes on");
    cr_expect_eq(program.carried_out, 0);
    cr_expect_eq(app_ask(&app, 1, "door:unlock", &program, &st), ANSWER_DONE);
}

Test(session, unknown_grants_and_wrong_keys)
{
    site_begin(&site);
    struct grant grant = pushed(1, false), other = site_grant(2, false);

    cr_expect_eq(site_grant_open(&site, &other, &app, &program), VOUCHSAFE_DEVICE_UNKNOWN);
    cr_expect_eq(
        app_open(&app, DEVICE_HELLO_GRANT, (struct slice){ grant.id, 16 }, grant.key, &program),
        VOUCHSAFE_DEVICE_CLOSED);
    memset(other.key, 9, sizeof other.key);
    memcpy(other.id, grant.id, sizeof other.id);
    cr_expect_eq(site_grant_open(&site, &other, &app, &program), VOUCHSAFE_DEVICE_DENIED);
    cr_expect_eq(site_grant_open(&site, &grant, &app, &program), VOUCHSAFE_DEVICE_OK);
}

Test(session, not_before_and_expiry_from_both_sides)
{
    static const struct {
        int64_t at;
        bool opens, unlocks;
    } cases[] = {
        { 99, true, false }, { 100, true, true }, { 199, true, true }, { 200, false, false }
    };

    for (size_t i = 0; i < 4; i++) {
        site_begin(&site);
        site.config.clock = NULL; /* the counter alone, since a clock has its skew */
        site_start(&site);
        struct grant grant = site_grant(1, false);
        grant.not_before = SITE_NOW + 100;
        grant.expires = SITE_NOW + 200;
        cr_assert_eq(site_push(&site, &grant), VOUCHSAFE_DEVICE_OK);
        site.time.uptime += (uint32_t)cases[i].at;
        cr_assert_eq(site_grant_open(&site, &grant, &app, &program),
                     cases[i].opens ? VOUCHSAFE_DEVICE_OK : VOUCHSAFE_DEVICE_EXPIRED);
        if (cases[i].opens)
            cr_assert_eq(app_ask(&app, 0, "door:unlock", &program, &st),
                         cases[i].unlocks ? ANSWER_DONE : ANSWER_DENIED, "%zu", i);
    }
}

Test(session, a_grant_expires_during_a_session)
{
    site_begin(&site);
    struct grant grant = pushed(1, false);

    cr_assert_eq(site_grant_open(&site, &grant, &app, &program), VOUCHSAFE_DEVICE_OK);
    cr_expect_eq(app_ask(&app, 0, "door:unlock", &program, &st), ANSWER_DONE);
    site.time.clock += 3600;
    cr_expect_eq(app_ask(&app, 1, "door:unlock", &program, &st), ANSWER_DENIED);
    cr_expect_eq(program.carried_out, 1);
}

Test(session, once_is_once)
{
    struct program second;
    struct peer other;

    site_begin(&site);
    struct grant grant = pushed(1, true);
    cr_assert_eq(site_grant_open(&site, &grant, &app, &program), VOUCHSAFE_DEVICE_OK);
    cr_assert_eq(site_grant_open(&site, &grant, &other, &second), VOUCHSAFE_DEVICE_OK);
    cr_expect_eq(app_ask(&app, 0, "door:unlock", &program, &st), ANSWER_DONE);
    cr_expect_eq(app_ask(&app, 1, "door:unlock", &program, &st), ANSWER_DENIED);
    cr_expect_eq(app_ask(&other, 0, "door:unlock", &second, &st), ANSWER_DENIED);
    cr_expect_eq(program.carried_out + second.carried_out, 1);
    cr_expect_eq(site_grant_open(&site, &grant, &app, &program), VOUCHSAFE_DEVICE_UNKNOWN);
    cr_expect_eq(site_push(&site, &grant), VOUCHSAFE_DEVICE_OK, "pushed again, and still used up");
    cr_expect_eq(site_grant_open(&site, &grant, &app, &program), VOUCHSAFE_DEVICE_UNKNOWN);
}

Test(session, once_counts_the_first_success)
{
    site_begin(&site);
    struct grant grant = pushed(1, true);

    cr_assert_eq(site_grant_open(&site, &grant, &app, &program), VOUCHSAFE_DEVICE_OK);
    cr_expect_eq(app_ask(&app, 0, "window:open", &program, &st), ANSWER_DENIED);
    program.answers = VOUCHSAFE_DEVICE_NOT_DONE;
    cr_expect_eq(app_ask(&app, 1, "door:unlock", &program, &st), ANSWER_FAILED);
    program.answers = VOUCHSAFE_DEVICE_DONE;
    cr_expect_eq(app_ask(&app, 2, "door:unlock", &program, &st), ANSWER_DONE);
    cr_expect_eq(app_ask(&app, 3, "door:unlock", &program, &st), ANSWER_DENIED);
}

/* Takes one command in without answering it. */
static void take_command(struct program *p, struct peer *from)
{
    struct wire there = { .len = 0 }, back = { .len = 0 };
    struct vouchsafe_device_out out = wire_out(&back);
    struct vouchsafe_device_event event;
    size_t used;

    app_command(from, 0, "door:unlock", &there);
    cr_assert_eq(
        vouchsafe_device_session_take(&p->session, there.bytes, there.len, &used, &out, &event),
        VOUCHSAFE_DEVICE_OK);
    cr_assert_eq(event.what, VOUCHSAFE_DEVICE_COMMAND);
    cr_assert_eq(out.len, 0);
}

Test(session, once_is_claimed_while_a_command_runs)
{
    struct program second;
    struct peer other;

    site_begin(&site);
    struct grant grant = pushed(1, true);
    cr_assert_eq(site_grant_open(&site, &grant, &app, &program), VOUCHSAFE_DEVICE_OK);
    cr_assert_eq(site_grant_open(&site, &grant, &other, &second), VOUCHSAFE_DEVICE_OK);
    take_command(&program, &app);
    cr_expect_eq(app_ask(&other, 0, "door:unlock", &second, &st), ANSWER_BUSY);
    vouchsafe_device_session_end(&program.session);
    cr_expect_eq(app_ask(&other, 1, "door:unlock", &second, &st), ANSWER_DENIED,
                 "what was begun may have happened");
}

Test(session, one_command_at_a_time)
{
    struct wire there = { .len = 0 }, back = { .len = 0 };
    struct vouchsafe_device_out out = wire_out(&back);
    struct vouchsafe_device_event event;
    size_t used;

    site_begin(&site);
    struct grant grant = pushed(1, false);
    cr_assert_eq(site_grant_open(&site, &grant, &app, &program), VOUCHSAFE_DEVICE_OK);
    cr_expect_eq(
        vouchsafe_device_session_answer(&program.session, VOUCHSAFE_DEVICE_DONE, NULL, 0, &out),
        VOUCHSAFE_DEVICE_BAD_ARGUMENT, "nothing to answer");
    take_command(&program, &app);
    app_command(&app, 1, "alarm:off", &there);
    cr_expect_eq(vouchsafe_device_session_take(&program.session, there.bytes, there.len, &used,
                                               &out, &event),
                 VOUCHSAFE_DEVICE_BUSY);
    cr_expect_eq(used, 0);
    for (int i = 0; i < 2; i++)
        cr_expect_eq(
            vouchsafe_device_session_answer(&program.session, VOUCHSAFE_DEVICE_MORE, NULL, 0, &out),
            VOUCHSAFE_DEVICE_OK);
    cr_expect_eq(
        vouchsafe_device_session_answer(&program.session, VOUCHSAFE_DEVICE_DONE, NULL, 0, &out),
        VOUCHSAFE_DEVICE_OK);
    back.len = out.len;
    cr_expect_eq(app_answer(&app, 0, &back), ANSWER_MORE);
    cr_expect_eq(app_answer(&app, 0, &back), ANSWER_MORE);
    cr_expect_eq(app_answer(&app, 0, &back), ANSWER_DONE);
    cr_expect_eq(program_run(&program, &there, &back), VOUCHSAFE_DEVICE_OK);
    cr_expect_eq(app_answer(&app, 1, &back), ANSWER_DONE);
}

Test(session, limits_of_an_answer)
{
    static uint8_t body[VOUCHSAFE_DEVICE_ANSWER_MAX + 1];
    struct wire back = { .len = 0 };
    struct vouchsafe_device_out out = wire_out(&back);

    site_begin(&site);
    struct grant grant = pushed(1, false);
    cr_assert_eq(site_grant_open(&site, &grant, &app, &program), VOUCHSAFE_DEVICE_OK);
    take_command(&program, &app);
    cr_expect_eq(vouchsafe_device_session_answer(&program.session, VOUCHSAFE_DEVICE_DONE, body,
                                                 sizeof body, &out),
                 VOUCHSAFE_DEVICE_BAD_ARGUMENT);
    out.cap = VOUCHSAFE_DEVICE_OUT_MAX;
    cr_expect_eq(vouchsafe_device_session_answer(&program.session, VOUCHSAFE_DEVICE_DONE, body,
                                                 sizeof body - 1, &out),
                 VOUCHSAFE_DEVICE_OK, "OUT_MAX is enough");
}

Test(session, a_revoked_grant_is_denied_at_once)
{
    site_begin(&site);
    struct grant grant = pushed(1, false);
    struct wire there = { .len = 0 }, back;
    struct link_ends link;
    uint8_t message[32];
    struct writer w = writer_over(message, sizeof message);

    cr_assert_eq(site_grant_open(&site, &grant, &app, &program), VOUCHSAFE_DEVICE_OK);
    link_open(&link, &site, &back);
    writer_byte(&w, DEVICE_GRANT_REVOKE);
    writer_put(&w, (struct slice){ grant.id, sizeof grant.id });
    peer_send(&link.mediator, &there, writer_slice(&w));
    cr_assert_eq(link_run(&link, &there, &back), VOUCHSAFE_DEVICE_OK);
    cr_expect_eq(link.event.what, VOUCHSAFE_DEVICE_REVOKED);
    cr_expect_eq(app_ask(&app, 0, "door:unlock", &program, &st), ANSWER_DENIED);
    cr_expect_eq(site_grant_open(&site, &grant, &app, &program), VOUCHSAFE_DEVICE_UNKNOWN);
}

/* --- device tokens --- */

static void check_token_opens(enum key_type signer, enum dh_curve curve)
{
    site_begin_with(&site, signer, curve);
    struct site_wish wish = site_wish(&site);
    struct site_token t = site_mint(&wish);

    cr_assert_eq(site_token_open(&site, &t, &app, &program), VOUCHSAFE_DEVICE_OK);
    cr_expect_eq(app_ask(&app, 0, "door:unlock", &program, &st), ANSWER_DONE);
    cr_expect_eq(app_ask(&app, 1, "door:lock", &program, &st), ANSWER_DENIED);
}

Test(session, a_token_opens_the_door)
{
    check_token_opens(KEY_ED25519, DH_X25519);
    check_token_opens(KEY_P256, DH_P256);
}

Test(session, a_token_opens_one_session)
{
    site_begin(&site);
    struct site_wish wish = site_wish(&site);
    struct site_token t = site_mint(&wish);
    struct program second;
    struct peer other;

    cr_assert_eq(site_token_open(&site, &t, &app, &program), VOUCHSAFE_DEVICE_OK);
    cr_assert_eq(site_token_open(&site, &t, &other, &second), VOUCHSAFE_DEVICE_OK,
                 "nobody has shown the key yet");
    cr_expect_eq(app_ask(&app, 0, "door:unlock", &program, &st), ANSWER_DONE);
    cr_expect_eq(app_ask(&other, 0, "door:unlock", &second, &st), -1);
    cr_expect_eq(st, VOUCHSAFE_DEVICE_REPLAYED);
    cr_expect_eq(second.carried_out, 0);
    cr_expect_eq(site_token_open(&site, &t, &other, &second), VOUCHSAFE_DEVICE_REPLAYED);
    wish.jti = "jti-2";
    t = site_mint(&wish);
    cr_expect_eq(site_token_open(&site, &t, &other, &second), VOUCHSAFE_DEVICE_OK);
}

Test(session, a_stolen_token_without_its_key_spends_nothing)
{
    static const uint8_t guess[OCT_KEY_LEN];

    site_begin(&site);
    struct site_wish wish = site_wish(&site);
    struct site_token t = site_mint(&wish);
    program_begin(&program, &site);
    cr_expect_eq(app_open(&app, DEVICE_HELLO_TOKEN, token_slice(&t), guess, &program),
                 VOUCHSAFE_DEVICE_DENIED);
    cr_expect_eq(site_token_open(&site, &t, &app, &program), VOUCHSAFE_DEVICE_OK);
}

Test(session, tokens_that_are_refused)
{
    site_begin(&site);
    struct private_key stranger;
    struct dh_private elsewhere;
    cr_assert_eq(crypto_key_generate(KEY_ED25519, &stranger), ST_OK);
    cr_assert_eq(crypto_dh_generate(DH_X25519, crypto_system_random, NULL, &elsewhere), ST_OK);
    struct site_wish good = site_wish(&site), wish[8];
    for (size_t i = 0; i < 8; i++)
        wish[i] = good;
    wish[0].signer = &stranger;
    wish[1].issuer = "https://other.example";
    wish[2].expires = SITE_NOW;
    wish[2].issued_at = wish[2].not_before = SITE_NOW - 60;
    wish[3].audience = "https://other-door.example";
    wish[4].recipient = &elsewhere.public;
    wish[5].issued_at = SITE_NOW + 3600;
    wish[5].expires = SITE_NOW + 3700;
    wish[6].not_before = SITE_NOW + 120;
    wish[7].expires = SITE_NOW + 86401;
    static const enum vouchsafe_device_status expected[8] = {
        VOUCHSAFE_DEVICE_DENIED,  VOUCHSAFE_DEVICE_UNKNOWN,  VOUCHSAFE_DEVICE_EXPIRED,
        VOUCHSAFE_DEVICE_UNKNOWN, VOUCHSAFE_DEVICE_DENIED,   VOUCHSAFE_DEVICE_EXPIRED,
        VOUCHSAFE_DEVICE_EXPIRED, VOUCHSAFE_DEVICE_MALFORMED
    };

    for (size_t i = 0; i < 8; i++) {
        struct site_token t = site_mint(&wish[i]);
        cr_expect_eq(site_token_open(&site, &t, &app, &program), expected[i], "%zu", i);
    }
    struct site_token t = site_mint(&good);
    cr_expect_eq(site_token_open(&site, &t, &app, &program), VOUCHSAFE_DEVICE_OK);
}

Test(session, spent_tokens_have_a_bound)
{
    static const char *const names[] = { "1", "2", "3", "4" };

    site_begin(&site);
    struct site_wish wish = site_wish(&site);
    for (size_t i = 0; i < 4; i++) {
        wish.jti = names[i];
        struct site_token t = site_mint(&wish);
        cr_assert_eq(site_token_open(&site, &t, &app, &program), VOUCHSAFE_DEVICE_OK);
        cr_assert_eq(app_ask(&app, 0, "door:unlock", &program, &st),
                     i < SITE_SPENT ? ANSWER_DONE : -1);
        cr_assert_eq(st, i < SITE_SPENT ? VOUCHSAFE_DEVICE_OK : VOUCHSAFE_DEVICE_FULL);
    }
    site.time.clock += 600;
    wish.issued_at += 600;
    wish.expires += 600;
    wish.jti = "5";
    struct site_token t = site_mint(&wish);
    cr_assert_eq(site_token_open(&site, &t, &app, &program), VOUCHSAFE_DEVICE_OK);
    cr_assert_eq(app_ask(&app, 0, "door:unlock", &program, &st), ANSWER_DONE, "they have expired");
}

Test(session, without_a_clock_tokens_are_the_floor_of_time)
{
    site_begin(&site);
    site.config.clock = NULL;
    site.config.uptime = NULL;
    site_start(&site);
    struct site_wish wish = site_wish(&site), newer = wish, old = wish;
    newer.issued_at = newer.not_before = SITE_NOW + 1000;
    newer.expires = SITE_NOW + 2000;
    newer.jti = "newer";
    old.jti = "old";
    struct site_token first = site_mint(&wish), second = site_mint(&newer), third = site_mint(&old);

    cr_expect_eq(vouchsafe_device_time(site.device), 0);
    cr_assert_eq(site_token_open(&site, &first, &app, &program), VOUCHSAFE_DEVICE_OK);
    cr_expect_eq(app_ask(&app, 0, "door:unlock", &program, &st), ANSWER_DONE);
    cr_expect_eq(site.time.stored, SITE_NOW);
    cr_assert_eq(site_token_open(&site, &second, &app, &program), VOUCHSAFE_DEVICE_OK);
    cr_expect_eq(vouchsafe_device_time(site.device), SITE_NOW + 1000);
    cr_expect_eq(site_token_open(&site, &third, &app, &program), VOUCHSAFE_DEVICE_EXPIRED);
}

Test(session, after_a_start_nothing_is_replayed)
{
    site_begin(&site);
    struct site_wish wish = site_wish(&site);
    struct site_token t = site_mint(&wish);

    cr_assert_eq(site_token_open(&site, &t, &app, &program), VOUCHSAFE_DEVICE_OK);
    cr_expect_eq(app_ask(&app, 0, "door:unlock", &program, &st), ANSWER_DONE);
    site.config.floor = site.time.stored;
    site_start(&site);
    cr_expect_eq(site_token_open(&site, &t, &app, &program), VOUCHSAFE_DEVICE_EXPIRED);
    wish.issued_at++;
    wish.jti = "later";
    t = site_mint(&wish);
    cr_expect_eq(site_token_open(&site, &t, &app, &program), VOUCHSAFE_DEVICE_OK);
}

Test(session, keys_rotate)
{
    site_begin(&site);
    struct site_wish wish = site_wish(&site);
    struct dh_private next, after;
    cr_assert_eq(crypto_dh_generate(DH_X25519, crypto_system_random, NULL, &next), ST_OK);
    cr_assert_eq(crypto_dh_generate(DH_P256, crypto_system_random, NULL, &after), ST_OK);
    struct site_token old = site_mint(&wish);

    site_unsealer(&site, &next);
    cr_expect_eq(site_token_open(&site, &old, &app, &program), VOUCHSAFE_DEVICE_OK);
    wish.recipient = &next.public;
    struct site_token t = site_mint(&wish);
    cr_expect_eq(site_token_open(&site, &t, &app, &program), VOUCHSAFE_DEVICE_OK);
    site_unsealer(&site, &after);
    cr_expect_eq(site_token_open(&site, &old, &app, &program), VOUCHSAFE_DEVICE_DENIED,
                 "two keys and no more");
    cr_expect_eq(site_token_open(&site, &t, &app, &program), VOUCHSAFE_DEVICE_OK);
}

Test(session, only_hellos_of_apps)
{
    site_begin(&site);
    program_begin(&program, &site);
    cr_expect_eq(app_open(&app, DEVICE_HELLO_LINK, SLICE_LIT(SITE_DEVICE), site.link_key, &program),
                 VOUCHSAFE_DEVICE_UNSUPPORTED);
}

static int no_random(void *arg, uint8_t *out, size_t len)
{
    (void)arg;
    (void)out;
    (void)len;
    return -1;
}

Test(session, without_random_bytes_nothing_opens)
{
    site_begin(&site);
    struct grant grant = pushed(1, false);

    site.config.random = no_random;
    struct vouchsafe_device_link link;
    struct wire back = { .len = 0 };
    struct vouchsafe_device_out out = wire_out(&back);
    site_start(&site);
    cr_expect_eq(vouchsafe_device_link_begin(&link, site.device, &out), VOUCHSAFE_DEVICE_NO_RANDOM);
    cr_expect_eq(out.len, 0);
    struct site_wish wish = site_wish(&site);
    struct site_token t = site_mint(&wish);
    cr_expect_eq(site_token_open(&site, &t, &app, &program), VOUCHSAFE_DEVICE_NO_RANDOM);
    (void)grant;
}

Test(session, ended_is_wiped)
{
    static const struct vouchsafe_device_session zeros;

    site_begin(&site);
    struct grant grant = pushed(1, false);
    cr_assert_eq(site_grant_open(&site, &grant, &app, &program), VOUCHSAFE_DEVICE_OK);
    vouchsafe_device_session_end(&program.session);
    size_t different = 0;
    for (size_t i = 0; i < VOUCHSAFE_DEVICE_SESSION_LEN / 8; i++)
        different += program.session.opaque[i] != zeros.opaque[i];
    cr_expect_leq(different, 1, "the step alone");
}
