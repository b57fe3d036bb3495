/* No thread, no socket and no sleep: time and chance are arguments. */
#include "keeper.h"

#include <criterion/criterion.h>
#include <string.h>

enum { LIFE_S = 300, MOST = -1 };

static struct keeper k;

static void setup(void)
{
    k = (struct keeper){ .limits = { .refresh_before_ms = 30000,
                                     .backoff_min_ms = 500,
                                     .backoff_max_ms = 60000,
                                     .retry_after_max_ms = 3600000 } };
}

TestSuite(keeper, .init = setup);

static void land_token(int64_t now, const char *token, int64_t life_s)
{
    const struct landing landing = { .token = token, .asked_ms = now, .expires_in_s = life_s };

    cr_assert(k.in_flight);
    keeper_land(&k, &landing, now, 0);
}

static void land_error(int64_t now, enum vouchsafe_error error, int64_t retry_after_s,
                       uint32_t chance)
{
    const struct landing landing = { .error = error, .retry_after_s = retry_after_s };

    cr_assert(k.in_flight);
    keeper_land(&k, &landing, now, chance);
}

static void fetch(int64_t now, const char *token, int64_t life_s)
{
    cr_assert_eq(keeper_ask(&k, now, true), KEEPER_FLY);
    land_token(now, token, life_s);
}

Test(keeper, the_first_flies_and_the_others_wait)
{
    cr_assert_eq(keeper_ask(&k, 1000, false), KEEPER_FLY);
    for (int i = 0; i < 63; i++)
        cr_assert_eq(keeper_ask(&k, 1000, i % 2), KEEPER_WAIT);
    land_token(1100, "one", LIFE_S);
    cr_assert_eq(k.flights, 1);
    cr_assert_eq(keeper_outcome(&k, 1100, false), VOUCHSAFE_OK);
    cr_assert_eq(keeper_ask(&k, 1100, false), KEEPER_SERVE);
    cr_assert_str_eq(k.token, "one");
}

/* A client assertion is nobody else's: who waited for a token asks again. */
Test(keeper, what_was_brought_for_another_concerns_no_one_else)
{
    const struct landing other = { .asked_ms = 1000, .expires_in_s = 60 };

    fetch(0, "one", LIFE_S);
    cr_assert(keeper_concerns(&k));
    cr_assert_eq(keeper_ask(&k, 1000, true), KEEPER_FLY);
    cr_assert_eq(keeper_ask(&k, 1000, false), KEEPER_SERVE, "the token is at hand all the while");
    cr_assert_eq(keeper_ask(&k, 1000, true), KEEPER_WAIT);
    keeper_land(&k, &other, 1000, 0);
    cr_assert_not(keeper_concerns(&k));
    cr_assert_str_eq(k.token, "one");
    cr_assert_eq(keeper_ask(&k, 1000, true), KEEPER_FLY);
    land_error(1000, VOUCHSAFE_BAD_ARGUMENT, 0, 0);
    cr_assert_not(keeper_concerns(&k), "a wish that cannot be is its own affair");
    cr_assert_eq(keeper_ask(&k, 1000, false), KEEPER_SERVE);
    cr_assert_eq(keeper_ask(&k, 1000, true), KEEPER_FLY, "and holds nobody back");
    land_error(1000, VOUCHSAFE_UNREACHABLE, 0, 0);
    cr_assert(keeper_concerns(&k), "a server that is not there is everybody's");
}

Test(keeper, whatever_was_brought_ends_the_row_of_failures)
{
    const struct landing other = { .asked_ms = 5000, .expires_in_s = 60 };

    cr_assert_eq(keeper_ask(&k, 1000, false), KEEPER_FLY);
    land_error(1000, VOUCHSAFE_UNREACHABLE, 0, MOST);
    cr_assert_eq(keeper_ask(&k, 1001, true), KEEPER_HOLD);
    cr_assert_eq(keeper_ask(&k, 5000, true), KEEPER_FLY);
    keeper_land(&k, &other, 5000, 0);
    cr_assert_eq(k.failures, 0);
    cr_assert_eq(keeper_ask(&k, 5000, false), KEEPER_FLY);
}

Test(keeper, a_failure_is_everybodys)
{
    cr_assert_eq(keeper_ask(&k, 1000, false), KEEPER_FLY);
    cr_assert_eq(keeper_ask(&k, 1000, false), KEEPER_WAIT);
    land_error(1000, VOUCHSAFE_UNREACHABLE, 0, 0);
    cr_assert_eq(keeper_outcome(&k, 1000, false), VOUCHSAFE_UNREACHABLE);
}

Test(keeper, one_renews_ahead_of_expiry_while_the_others_are_served)
{
    fetch(1000, "one", LIFE_S);
    cr_assert_eq(keeper_ask(&k, 1000 + 269999, false), KEEPER_SERVE);
    cr_assert_not(k.in_flight, "not a moment too early");
    cr_assert_eq(keeper_ask(&k, 1000 + 270000, false), KEEPER_FLY);
    for (int i = 0; i < 63; i++)
        cr_assert_eq(keeper_ask(&k, 1000 + 270000 + i, false), KEEPER_SERVE);
    cr_assert_eq(keeper_ask(&k, 1000 + 299999, false), KEEPER_SERVE);
    cr_assert_eq(keeper_ask(&k, 1000 + 300000, false), KEEPER_WAIT, "it has expired meanwhile");
    land_token(1000 + 300000, "two", LIFE_S);
    cr_assert_eq(keeper_ask(&k, 1000 + 300000, false), KEEPER_SERVE);
    cr_assert_str_eq(k.token, "two");
}

Test(keeper, a_token_of_seconds_is_renewed_at_half_of_its_life)
{
    fetch(0, "one", 10);
    cr_assert_eq(keeper_ask(&k, 4999, false), KEEPER_SERVE);
    cr_assert_not(k.in_flight);
    cr_assert_eq(keeper_ask(&k, 5000, false), KEEPER_FLY);
}

Test(keeper, a_token_lives_from_when_it_was_asked_for)
{
    const struct landing late = { .token = "one", .asked_ms = 1000, .expires_in_s = 10 };

    cr_assert_eq(keeper_ask(&k, 0, false), KEEPER_FLY);
    keeper_land(&k, &late, 9000, 0);
    cr_assert_eq(keeper_ask(&k, 10999, false), KEEPER_FLY);
    land_error(10999, VOUCHSAFE_TIMEOUT, 0, 0);
    cr_assert_eq(keeper_outcome(&k, 10999, false), VOUCHSAFE_OK);
    cr_assert_eq(keeper_outcome(&k, 11000, false), VOUCHSAFE_TIMEOUT);
}

Test(keeper, off_line_the_token_serves_until_it_expires)
{
    fetch(0, "one", LIFE_S);
    for (int64_t now = 270000; now < 300000; now += 100) {
        enum keeper_turn turn = keeper_ask(&k, now, false);
        if (turn == KEEPER_FLY) {
            land_error(now, VOUCHSAFE_UNREACHABLE, 0, (uint32_t)MOST);
            cr_assert_eq(keeper_outcome(&k, now, false), VOUCHSAFE_OK);
        } else {
            cr_assert_eq(turn, KEEPER_SERVE);
        }
    }
    cr_assert_leq(k.flights, 8, "not at every call: %d", (int)k.flights);
    k.retry_at = 0;
    cr_assert_eq(keeper_ask(&k, 300000, false), KEEPER_FLY);
    land_error(300000, VOUCHSAFE_UNREACHABLE, 0, (uint32_t)MOST);
    cr_assert_eq(keeper_outcome(&k, 300000, false), VOUCHSAFE_UNREACHABLE);
    cr_assert_eq(keeper_ask(&k, 300001, false), KEEPER_HOLD);
    cr_assert_eq(k.held, VOUCHSAFE_UNAVAILABLE);
}

Test(keeper, after_a_failure_nobody_flies_for_a_while)
{
    static const struct {
        enum vouchsafe_error error, held; /* OK: not held */
    } cases[] = {
        { VOUCHSAFE_UNREACHABLE, VOUCHSAFE_UNAVAILABLE },
        { VOUCHSAFE_TIMEOUT, VOUCHSAFE_UNAVAILABLE },
        { VOUCHSAFE_UNAVAILABLE, VOUCHSAFE_UNAVAILABLE },
        { VOUCHSAFE_BAD_ANSWER, VOUCHSAFE_UNAVAILABLE },
        { VOUCHSAFE_PROBE, VOUCHSAFE_UNAVAILABLE },
        { VOUCHSAFE_REFUSED, VOUCHSAFE_REFUSED },
        { VOUCHSAFE_NO_MEMORY, VOUCHSAFE_OK },
        { VOUCHSAFE_KEY_STORE, VOUCHSAFE_OK },
        { VOUCHSAFE_INTERNAL, VOUCHSAFE_OK },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        setup();
        cr_assert_eq(keeper_ask(&k, 1000, false), KEEPER_FLY);
        land_error(1000, cases[i].error, 0, (uint32_t)MOST);
        enum keeper_turn turn = keeper_ask(&k, 1499, false);
        cr_assert_eq(turn, cases[i].held ? KEEPER_HOLD : KEEPER_FLY, "%zu", i);
        if (cases[i].held) {
            cr_assert_eq(k.held, cases[i].held);
            cr_assert_eq(keeper_refusal(&k, 1499).retry_after_s, 1);
            cr_assert_eq(keeper_refusal(&k, 1500).retry_after_s, 0);
            cr_assert_eq(keeper_ask(&k, 1500, false), KEEPER_FLY);
        }
    }
}

Test(keeper, failures_in_a_row_wait_longer_and_a_success_ends_the_row)
{
    int64_t now = 0, window = 500;

    for (int i = 0; i < 12; i++) {
        cr_assert_eq(keeper_ask(&k, now, false), KEEPER_FLY);
        land_error(now, VOUCHSAFE_UNREACHABLE, 0, (uint32_t)MOST);
        cr_assert_eq(k.retry_at - now, window, "%d", i);
        now = k.retry_at;
        window = window * 2 < 60000 ? window * 2 : 60000;
    }
    fetch(now, "one", 1);
    now += 1000;
    cr_assert_eq(keeper_ask(&k, now, false), KEEPER_FLY);
    land_error(now, VOUCHSAFE_UNREACHABLE, 0, (uint32_t)MOST);
    cr_assert_eq(k.retry_at - now, 500);
}

Test(keeper, what_the_server_says_is_waited_at_least)
{
    static const struct {
        int64_t said_s, least_ms;
    } cases[] = {
        { 0, 0 }, { 1, 1000 }, { 3600, 3600000 }, { 3601, 3600000 }, { INT32_MAX, 3600000 }
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        setup();
        cr_assert_eq(keeper_ask(&k, 1000, false), KEEPER_FLY);
        land_error(1000, VOUCHSAFE_UNAVAILABLE, cases[i].said_s, 0);
        cr_assert_eq(k.retry_at, 1000 + cases[i].least_ms, "%zu", i);
        setup();
        cr_assert_eq(keeper_ask(&k, 1000, false), KEEPER_FLY);
        land_error(1000, VOUCHSAFE_UNAVAILABLE, cases[i].said_s, (uint32_t)MOST);
        cr_assert_eq(k.retry_at, 1000 + cases[i].least_ms + 500, "and jitter on top");
    }
}

Test(keeper, while_a_token_is_good_the_wait_is_not_noticed)
{
    fetch(0, "one", LIFE_S);
    cr_assert_eq(keeper_ask(&k, 280000, false), KEEPER_FLY);
    land_error(280000, VOUCHSAFE_UNAVAILABLE, 60, 0);
    cr_assert_eq(keeper_outcome(&k, 280000, false), VOUCHSAFE_OK);
    cr_assert_eq(keeper_ask(&k, 280001, false), KEEPER_SERVE);
    cr_assert_eq(keeper_ask(&k, 280001, true), KEEPER_HOLD, "who wants a new one must wait");
    cr_assert_eq(keeper_ask(&k, 300000, false), KEEPER_HOLD);
    cr_assert_eq(keeper_ask(&k, 340000, false), KEEPER_FLY);
}

Test(keeper, a_refusal_ends_the_token_and_who_insists_may_ask_again)
{
    fetch(0, "one", LIFE_S);
    cr_assert_eq(keeper_ask(&k, 280000, false), KEEPER_FLY);
    land_error(280000, VOUCHSAFE_REFUSED, 0, (uint32_t)MOST);
    cr_assert_eq(keeper_outcome(&k, 280000, false), VOUCHSAFE_REFUSED);
    cr_assert_eq(keeper_ask(&k, 280000, false), KEEPER_HOLD);
    cr_assert_eq(k.held, VOUCHSAFE_REFUSED);
    cr_assert_str_eq(k.token, "one", "a streak may still go on from it");
    cr_assert_eq(keeper_ask(&k, 280000, true), KEEPER_FLY);
}

Test(keeper, a_refusal_is_remembered_with_its_words)
{
    const struct landing landing = { .error = VOUCHSAFE_UNAVAILABLE,
                                     .retry_after_s = 7,
                                     .refusal = { .code = 429, .error = "slow_down" } };

    cr_assert_eq(keeper_ask(&k, 0, false), KEEPER_FLY);
    keeper_land(&k, &landing, 0, 0);
    struct vouchsafe_refusal refusal = keeper_refusal(&k, 100);
    cr_assert_eq(refusal.code, 429);
    cr_assert_str_eq(refusal.error, "slow_down");
    cr_assert_eq(refusal.retry_after_s, 7, "rounded up");
    cr_assert_eq(keeper_ask(&k, 7000, false), KEEPER_FLY);
    land_error(7000, VOUCHSAFE_UNREACHABLE, 0, (uint32_t)MOST);
    refusal = keeper_refusal(&k, 7000);
    cr_assert_eq(refusal.code, 0, "no answer came");
    cr_assert_str_eq(refusal.error, "temporarily_unavailable");
}
