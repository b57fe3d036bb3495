#include "keeper.h"

#include <stdio.h>
#include <string.h>

#include "backoff.h"

bool keeper_serves(const struct keeper *k, int64_t now)
{
    return now < k->expires_at;
}

static enum keeper_turn take_off(struct keeper *k)
{
    k->in_flight = true;
    return KEEPER_FLY;
}

/* A refusal is attestd's last word to an app that asks again and again, but who insists may hear
 * it once more. To ask to be left alone is another matter. */
static bool is_held(const struct keeper *k, int64_t now, bool anew)
{
    return now < k->retry_at && !(anew && k->held == VOUCHSAFE_REFUSED);
}

enum keeper_turn keeper_ask(struct keeper *k, int64_t now, bool anew)
{
    if (!anew && now < k->refresh_at)
        return KEEPER_SERVE;
    /* In the refresh window one renews, and the others go on with what is still good. */
    if (!anew && keeper_serves(k, now) && (k->in_flight || now < k->retry_at))
        return KEEPER_SERVE;
    if (k->in_flight)
        return KEEPER_WAIT;
    return is_held(k, now, anew) ? KEEPER_HOLD : take_off(k);
}

static void keep_token(struct keeper *k, const struct landing *l)
{
    int64_t life = l->expires_in_s * 1000;
    int64_t early = life / 2; /* a token of seconds is not renewed at every call */

    snprintf(k->token, sizeof k->token, "%s", l->token);
    k->expires_at = l->asked_ms + life;
    k->refresh_at =
        k->expires_at - (early < k->limits.refresh_before_ms ? early : k->limits.refresh_before_ms);
}

static void forget_failures(struct keeper *k)
{
    k->failures = 0;
    k->retry_at = 0;
}

/* What another try right away would not change. */
static bool is_lasting(enum vouchsafe_error error)
{
    switch (error) {
    case VOUCHSAFE_UNREACHABLE:
    case VOUCHSAFE_TIMEOUT:
    case VOUCHSAFE_BAD_ANSWER:
    case VOUCHSAFE_REFUSED:
    case VOUCHSAFE_UNAVAILABLE:
    case VOUCHSAFE_PROBE:
        return true;
    default:
        return false;
    }
}

static int64_t retry_after_ms(const struct keeper *k, const struct landing *l)
{
    int64_t wait = l->retry_after_s * 1000;

    return wait < k->limits.retry_after_max_ms ? wait : k->limits.retry_after_max_ms;
}

static void hold(struct keeper *k, const struct landing *l, int64_t now, uint32_t chance)
{
    /* On top of what the server said: all that it told the same would come at once. */
    k->retry_at =
        now + retry_after_ms(k, l) +
        backoff_wait(k->limits.backoff_min_ms, k->limits.backoff_max_ms, k->failures, chance);
    k->failures++;
    k->held = l->error == VOUCHSAFE_REFUSED ? VOUCHSAFE_REFUSED : VOUCHSAFE_UNAVAILABLE;
    k->refusal = l->refusal;
    if (!k->refusal.error[0])
        snprintf(k->refusal.error, sizeof k->refusal.error, "temporarily_unavailable");
}

void keeper_land(struct keeper *k, const struct landing *l, int64_t now, uint32_t chance)
{
    if (!l->error && l->token)
        keep_token(k, l);
    if (!l->error)
        forget_failures(k);
    else if (is_lasting(l->error))
        hold(k, l, now, chance);
    if (l->error == VOUCHSAFE_REFUSED) /* attestd vouches no more */
        k->refresh_at = k->expires_at = 0;
    k->last = l->error;
    k->brought = !l->error && l->token;
    k->in_flight = false;
    k->flights++;
}

bool keeper_concerns(const struct keeper *k)
{
    return k->brought || (k->last && k->last != VOUCHSAFE_BAD_ARGUMENT);
}

enum vouchsafe_error keeper_outcome(const struct keeper *k, int64_t now, bool anew)
{
    /* A token that has not expired yet serves while the server does not answer. */
    return !anew && keeper_serves(k, now) ? VOUCHSAFE_OK : k->last;
}

struct vouchsafe_refusal keeper_refusal(const struct keeper *k, int64_t now)
{
    struct vouchsafe_refusal out = k->refusal;

    out.retry_after_s = now < k->retry_at ? (k->retry_at - now + 999) / 1000 : 0;
    return out;
}
