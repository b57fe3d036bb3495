#include "subscriptions.h"

#include <stdlib.h>
#include <string.h>

#include "crypto.h"

enum { BITS_MIN = 4, BITS_MAX = 24 };

struct store_subscription {
    struct store_channel channel;
    struct store_subscriber who;
    struct store_subscription *next; /* in its chain */
    bool told;                       /* that it listens */
    bool dead;
};

static size_t chain_of(const struct subscriptions *s, const struct store_channel *channel)
{
    uint64_t word;

    memcpy(&word, channel->id, sizeof word);
    return (size_t)((word * s->seed) >> (64 - s->bits));
}

static size_t chain_count(const struct subscriptions *s)
{
    return (size_t)1 << s->bits;
}

static bool is_on(const struct store_subscription *sub, const struct store_channel *channel)
{
    return !sub->dead && memcmp(sub->channel.id, channel->id, sizeof channel->id) == 0;
}

enum status subscriptions_init(struct subscriptions *s)
{
    *s = (struct subscriptions){ .bits = BITS_MIN };
    crypto_random((uint8_t *)&s->seed, sizeof s->seed);
    s->seed |= 1;
    s->chains = calloc(chain_count(s), sizeof *s->chains);
    return s->chains ? ST_OK : ST_NO_MEMORY;
}

void subscriptions_clear(struct subscriptions *s)
{
    for (size_t i = 0; s->chains && i < chain_count(s); i++)
        while (s->chains[i]) {
            struct store_subscription *sub = s->chains[i];
            s->chains[i] = sub->next;
            free(sub);
        }
    free(s->chains);
    s->chains = NULL;
    s->count = 0;
}

/* New ones go first: a walk that is under way does not meet them. */
static void link_in(struct subscriptions *s, struct store_subscription *sub)
{
    struct store_subscription **chain = &s->chains[chain_of(s, &sub->channel)];

    sub->next = *chain;
    *chain = sub;
}

/* Longer chains do as well, if there is no memory or somebody walks them. */
static void grow(struct subscriptions *s)
{
    struct subscriptions larger = *s;

    if (s->calling || s->bits == BITS_MAX || s->count < chain_count(s))
        return;
    larger.bits++;
    larger.chains = calloc(chain_count(&larger), sizeof *larger.chains);
    if (!larger.chains)
        return;
    for (size_t i = 0; i < chain_count(s); i++)
        while (s->chains[i]) {
            struct store_subscription *sub = s->chains[i];
            s->chains[i] = sub->next;
            link_in(&larger, sub);
        }
    free(s->chains);
    *s = larger;
}

enum status subscriptions_add(struct subscriptions *s, const struct store_channel *channel,
                              const struct store_subscriber *who, struct store_subscription **out)
{
    struct store_subscription *sub = calloc(1, sizeof *sub);

    if (!sub)
        return ST_NO_MEMORY;
    sub->channel = *channel;
    sub->who = *who;
    grow(s);
    link_in(s, sub);
    s->count++;
    *out = sub;
    return ST_OK;
}

static void sweep_chain(struct store_subscription **at)
{
    while (*at) {
        struct store_subscription *sub = *at;
        if (!sub->dead) {
            at = &sub->next;
            continue;
        }
        *at = sub->next;
        free(sub);
    }
}

void subscriptions_remove(struct subscriptions *s, struct store_subscription *sub)
{
    sub->dead = true;
    s->count--;
    if (s->calling)
        s->dead = true;
    else
        sweep_chain(&s->chains[chain_of(s, &sub->channel)]);
}

bool subscriptions_any(const struct subscriptions *s, const struct store_channel *channel)
{
    for (const struct store_subscription *sub = s->chains[chain_of(s, channel)]; sub;
         sub = sub->next)
        if (is_on(sub, channel))
            return true;
    return false;
}

const struct store_channel *subscriptions_channel(const struct store_subscription *sub)
{
    return &sub->channel;
}

/* --- calling --- */

static void begin_calls(struct subscriptions *s)
{
    s->calling++;
}

static void end_calls(struct subscriptions *s)
{
    if (--s->calling || !s->dead)
        return;
    s->dead = false;
    for (size_t i = 0; i < chain_count(s); i++)
        sweep_chain(&s->chains[i]);
}

static void tell_listening(struct store_subscription *sub)
{
    sub->told = true;
    sub->who.listening(sub->who.arg);
}

void subscriptions_announce(struct subscriptions *s, const struct store_channel *channel)
{
    begin_calls(s);
    for (struct store_subscription *sub = s->chains[chain_of(s, channel)]; sub; sub = sub->next)
        if (is_on(sub, channel) && !sub->told)
            tell_listening(sub);
    end_calls(s);
}

void subscriptions_deliver(struct subscriptions *s, const struct store_channel *channel,
                           struct slice message)
{
    begin_calls(s);
    for (struct store_subscription *sub = s->chains[chain_of(s, channel)]; sub; sub = sub->next) {
        if (is_on(sub, channel) && !sub->told)
            tell_listening(sub);
        if (is_on(sub, channel))
            sub->who.message(sub->who.arg, message);
    }
    end_calls(s);
}

void subscriptions_each(struct subscriptions *s,
                        void (*call)(void *arg, const struct store_channel *), void *arg)
{
    begin_calls(s);
    for (size_t i = 0; i < chain_count(s); i++)
        for (struct store_subscription *sub = s->chains[i]; sub; sub = sub->next)
            if (!sub->dead)
                call(arg, &sub->channel);
    end_calls(s);
}

void subscriptions_announce_new(struct subscriptions *s)
{
    begin_calls(s);
    for (size_t i = 0; i < chain_count(s); i++)
        for (struct store_subscription *sub = s->chains[i]; sub; sub = sub->next)
            if (!sub->dead && !sub->told)
                tell_listening(sub);
    end_calls(s);
}

void subscriptions_gap(struct subscriptions *s, const struct store_channel *channel)
{
    for (size_t i = 0; i < chain_count(s); i++)
        for (struct store_subscription *sub = s->chains[i]; sub; sub = sub->next)
            if (!channel || is_on(sub, channel))
                sub->told = false;
}
