/* subscriptions: who in one loop listens on which channel. Callbacks may add and
 * remove whom they like. */
#pragma once
#include "store.h"

struct subscriptions {
    struct store_subscription **chains;
    unsigned bits;    /* of the number of chains */
    size_t count;     /* live ones */
    unsigned calling; /* callbacks under way: nothing is freed */
    bool dead;        /* some are to be freed after them */
    uint64_t seed;    /* odd: whoever chooses names cannot choose collisions */
};

enum status subscriptions_init(struct subscriptions *s) MUST_USE;
void subscriptions_clear(struct subscriptions *s);

/* Calls nobody. ST_NO_MEMORY. */
enum status subscriptions_add(struct subscriptions *s, const struct store_channel *channel,
                              const struct store_subscriber *who,
                              struct store_subscription **out) MUST_USE;
void subscriptions_remove(struct subscriptions *s, struct store_subscription *subscription);
bool subscriptions_any(const struct subscriptions *s, const struct store_channel *channel);
const struct store_channel *subscriptions_channel(const struct store_subscription *subscription);

/* To those on the channel: each is told `listening` before its first message. */
void subscriptions_announce(struct subscriptions *s, const struct store_channel *channel);
void subscriptions_deliver(struct subscriptions *s, const struct store_channel *channel,
                           struct slice message);

/* To all: */
void subscriptions_each(struct subscriptions *s,
                        void (*call)(void *arg, const struct store_channel *), void *arg);
/* `listening` for those who have not been told since they came or since gap. */
void subscriptions_announce_new(struct subscriptions *s);
/* On one channel, or all (NULL): some messages may have been missed. Calls nobody. */
void subscriptions_gap(struct subscriptions *s, const struct store_channel *channel);
