/* rate_limit: how often each caller may ask: token buckets in a table that does
 * not grow, one for all workers of a daemon. */
#pragma once
#include "bytes.h"
#include "clock.h"

enum rate_kind { RATE_ADDRESS, RATE_CLIENT, RATE_KIND_COUNT };

struct rate {
    uint32_t per_second; /* 0: no limit */
    uint32_t burst;      /* at once, after a pause */
};

struct rate_settings {
    struct rate rates[RATE_KIND_COUNT];
    uint32_t ipv6_prefix; /* bits that make two IPv6 addresses one caller */
    uint32_t entries;     /* of 16 bytes each */
};
extern const struct rate_settings RATE_DEFAULTS;

struct rate_limit;

/* ST_NO_MEMORY. Safe across threads, as all below. The clock is borrowed. */
enum status rate_limit_new(const struct rate_settings *settings, const struct clock *clock,
                           struct rate_limit **out) MUST_USE;
void rate_limit_free(struct rate_limit *r);
/* Other rates and another prefix from here on. The number of entries stays. */
void rate_limit_change(struct rate_limit *r, const struct rate_settings *settings);

/* Takes a token out of the bucket that `name` has among its kind: 0; or if there is
 * none, the milliseconds until there will be. A table without a free entry forgets
 * the fullest bucket among those that share the new one's place. */
uint32_t rate_limit_take(struct rate_limit *r, enum rate_kind kind, struct slice name);
/* The same for an address as text. What is none ("unix") is not limited. */
uint32_t rate_limit_take_address(struct rate_limit *r, struct slice text);

/* Whether a line about refusals may be logged: once a second. *held_back is then how
 * many may not since the last one. */
bool rate_limit_may_log(struct rate_limit *r, uint64_t *held_back);
