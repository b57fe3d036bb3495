#include "subscriptions.h"

#include <criterion/criterion.h>
#include <string.h>

struct hearer {
    unsigned listening, messages;
    struct subscriptions *add_to; /* where it adds another when it hears */
    struct store_subscription *self, *added;
};

static void on_listening(void *arg)
{
    ((struct hearer *)arg)->listening++;
}

static void on_message(void *arg, struct slice message);

static void add(struct subscriptions *s, unsigned channel, struct hearer *h,
                struct store_subscription **out)
{
    const struct store_subscriber who = { on_listening, on_message, h };
    struct store_channel at = { .id = { 0 } };

    memcpy(at.id, &channel, sizeof channel);
    cr_assert_eq(subscriptions_add(s, &at, &who, out), ST_OK);
}

static void on_message(void *arg, struct slice message)
{
    struct hearer *h = arg;

    (void)message;
    h->messages++;
    if (h->add_to && !h->added)
        add(h->add_to, 1, h, &h->added);
}

static struct store_channel numbered(unsigned channel)
{
    struct store_channel at = { .id = { 0 } };

    memcpy(at.id, &channel, sizeof channel);
    return at;
}

static void deliver(struct subscriptions *s, unsigned channel)
{
    const struct store_channel at = numbered(channel);

    subscriptions_deliver(s, &at, SLICE_LIT("x"));
}

enum { MANY = 3000 };

/* Far more than there are chains at first: each is found, and only itself. */
Test(subscriptions, each_of_many_is_found)
{
    static struct hearer hearers[MANY];
    struct subscriptions s;

    cr_assert_eq(subscriptions_init(&s), ST_OK);
    for (unsigned i = 0; i < MANY; i++)
        add(&s, i, &hearers[i], &hearers[i].self);
    for (unsigned i = 0; i < MANY; i += 2)
        subscriptions_remove(&s, hearers[i].self);
    for (unsigned i = 0; i < MANY; i++) {
        const struct store_channel at = numbered(i);
        cr_assert_eq(subscriptions_any(&s, &at), i % 2);
        deliver(&s, i);
    }
    for (unsigned i = 0; i < MANY; i++)
        cr_assert_eq(hearers[i].messages, i % 2);
    cr_assert_eq(s.count, MANY / 2);
    subscriptions_clear(&s);
}

/* A newcomer hears nothing of the message that brought it. */
Test(subscriptions, who_comes_while_others_hear)
{
    struct subscriptions s;
    struct hearer h = { .add_to = &s };

    cr_assert_eq(subscriptions_init(&s), ST_OK);
    add(&s, 1, &h, &h.self);
    deliver(&s, 1);
    cr_assert_eq(h.messages, 1);
    deliver(&s, 1);
    cr_assert_eq(h.messages, 3);
    subscriptions_clear(&s);
}

Test(subscriptions, told_once_until_there_is_a_gap)
{
    struct subscriptions s;
    struct hearer one = { .messages = 0 }, two = { .messages = 0 };
    const struct store_channel first = numbered(1);

    cr_assert_eq(subscriptions_init(&s), ST_OK);
    add(&s, 1, &one, &one.self);
    add(&s, 2, &two, &two.self);
    deliver(&s, 1); /* which tells it first */
    subscriptions_announce(&s, &first);
    subscriptions_announce_new(&s);
    subscriptions_announce_new(&s);
    cr_assert_eq(one.listening, 1);
    cr_assert_eq(two.listening, 1);
    subscriptions_gap(&s, &first);
    subscriptions_announce_new(&s);
    cr_assert_eq(one.listening, 2);
    cr_assert_eq(two.listening, 1);
    subscriptions_gap(&s, NULL);
    subscriptions_announce_new(&s);
    cr_assert_eq(one.listening, 3);
    cr_assert_eq(two.listening, 2);
    subscriptions_clear(&s);
}
