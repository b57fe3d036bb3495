/* keeper: keeps the integrity token. Who asks is given it, is sent to fly for a new one, waits for
 * who flies already, or is told to come later. No I/O, no lock, no clock: the blocking client and
 * the event layer hand in time and chance and do the rest. */
#pragma once
#include <stdbool.h>

#include "status.h"
#include "vouchsafe/client.h"

struct keeper_limits {
    int64_t refresh_before_ms;
    int64_t backoff_min_ms, backoff_max_ms;
    int64_t retry_after_max_ms;
};

struct keeper {
    struct keeper_limits limits;
    char token[VOUCHSAFE_TOKEN_MAX + 1]; /* "" until there is one; kept when it serves no more */
    int64_t refresh_at, expires_at;      /* of monotonic time, in ms, as all here */
    bool in_flight;
    uint64_t flights;          /* ended so far */
    bool brought;              /* the last one brought a token to keep */
    enum vouchsafe_error last; /* what the last flight ended with */
    unsigned failures;         /* in a row */
    int64_t retry_at;          /* nobody flies before */
    enum vouchsafe_error held; /* what they are told meanwhile */
    struct vouchsafe_refusal refusal;
};

/* What a flight came back with. */
struct landing {
    enum vouchsafe_error error;
    const char *token; /* NULL with an error, or if it flew for something else */
    int64_t asked_ms;  /* when the token was asked for: it cannot be older */
    int64_t expires_in_s;
    int64_t retry_after_s;            /* 0: not said */
    struct vouchsafe_refusal refusal; /* code 0: no answer came */
};

enum keeper_turn {
    KEEPER_SERVE, /* keeper->token */
    KEEPER_FLY,   /* and then keeper_land */
    KEEPER_WAIT,  /* until keeper->flights has changed, and then keeper_concerns */
    KEEPER_HOLD   /* keeper->held, at once */
};

/* `anew`: no token at hand will do. */
enum keeper_turn keeper_ask(struct keeper *k, int64_t now, bool anew) MUST_USE;

/* Whether keeper->token has not expired. */
bool keeper_serves(const struct keeper *k, int64_t now);

/* `chance` is 32 random bits. */
void keeper_land(struct keeper *k, const struct landing *landing, int64_t now, uint32_t chance);

/* Whether what landed last is the outcome for those who waited for a token: they ask again where
 * it was brought for somebody else, or failed for a reason of his own. */
bool keeper_concerns(const struct keeper *k);

/* For who flew or waited: OK when keeper->token serves. */
enum vouchsafe_error keeper_outcome(const struct keeper *k, int64_t now, bool anew) MUST_USE;

/* The last refusal, with the seconds that are left of the wait. */
struct vouchsafe_refusal keeper_refusal(const struct keeper *k, int64_t now);
