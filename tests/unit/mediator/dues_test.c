#include "dues.h"

#include <criterion/criterion.h>
#include <event2/event.h>

#include "pop_challenge.h"
#include "store_memory.h"

#define NO_CHALLENGE ((struct verdict){ REFUSE_CHALLENGE, "challenge" })
#define SPENT        ((struct verdict){ REFUSE_ATTESTATION, "spent" })

struct till {
    struct event_base *base;
    struct store_memory *memory;
    struct store *store;
    struct dues_payment payment;
    struct verdict verdict;
    unsigned fired;
};

static void open_till(struct till *t, uint32_t records)
{
    const struct store_memory_limits limits = { .records = records, .value_bytes = 1024 };

    *t = (struct till){ .base = event_base_new() };
    cr_assert_eq(store_memory_new(&limits, &SYSTEM_CLOCK, &t->memory), ST_OK);
    cr_assert_eq(store_memory_attach(t->memory, t->base, &t->store), ST_OK);
}

static void close_till(struct till *t)
{
    store_free(t->store);
    store_memory_free(t->memory);
    event_base_free(t->base);
}

static void on_paid(void *arg, struct verdict v)
{
    struct till *t = arg;

    t->verdict = v;
    t->fired++;
    event_base_loopbreak(t->base);
}

static enum refusal pay(struct till *t, const struct dues *dues)
{
    t->fired = 0;
    dues_pay(&t->payment, t->store, dues, on_paid, t);
    cr_expect_eq(t->fired, 0, "never before the call has returned");
    event_base_dispatch(t->base);
    cr_expect_eq(t->fired, 1);
    return t->verdict.refusal;
}

static void owe_id(struct dues *d, const char *id, struct verdict otherwise)
{
    const struct due due = { .key = store_key_hashed(STORE_SPENT, slice_of(id)),
                             .ttl_ms = 60000,
                             .otherwise = otherwise };
    dues_add(d, &due);
}

static void owe_challenge(struct dues *d, const char *text)
{
    const struct due due = { .is_challenge = true,
                             .key = pop_challenge_key(slice_of(text)),
                             .otherwise = NO_CHALLENGE };
    dues_add(d, &due);
}

static enum refusal pay_id(struct till *t, const char *id)
{
    struct dues d = { 0 };

    owe_id(&d, id, SPENT);
    return pay(t, &d);
}

Test(dues, an_id_is_spent_once)
{
    struct till t;

    open_till(&t, 64);
    cr_expect_eq(pay_id(&t, "one"), ACCEPTED);
    cr_expect_eq(pay_id(&t, "one"), REFUSE_ATTESTATION);
    cr_expect_eq(pay_id(&t, "two"), ACCEPTED);
    close_till(&t);
}

static void ignore(void *arg, enum status st, struct slice value)
{
    struct till *t = arg;

    (void)value;
    cr_expect_eq(st, ST_OK);
    event_base_loopbreak(t->base);
}

static struct pop_challenge issued(struct till *t)
{
    struct pop_challenge challenge;

    pop_challenge_issue(t->store, &challenge, 60000, ignore, t);
    event_base_dispatch(t->base);
    return challenge;
}

Test(dues, challenges_are_looked_at_before_anything_is_spent)
{
    struct dues made_up = { 0 }, ours = { 0 };
    struct pop_challenge challenge;
    struct till t;

    open_till(&t, 64);
    challenge = issued(&t);
    owe_id(&made_up, "one", SPENT);
    owe_challenge(&made_up, "made up");
    cr_expect_eq(pay(&t, &made_up), REFUSE_CHALLENGE);
    owe_id(&ours, "one", SPENT);
    owe_challenge(&ours, challenge.text);
    cr_expect_eq(pay(&t, &ours), ACCEPTED, "the id was not spent by the refusal");
    cr_expect_eq(pay(&t, &ours), REFUSE_ATTESTATION, "a challenge does not renew a proof");
    close_till(&t);
}

Test(dues, each_says_its_own_refusal_and_what_follows_is_not_spent)
{
    struct dues d = { 0 }, fresh = { 0 };
    struct till t;

    open_till(&t, 64);
    cr_assert_eq(pay_id(&t, "proof"), ACCEPTED);
    owe_id(&d, "proof", SPENT);
    owe_id(&d, "token", (struct verdict){ REFUSE_STALE, "token" });
    cr_expect_eq(pay(&t, &d), REFUSE_ATTESTATION);
    owe_id(&fresh, "another proof", SPENT);
    owe_id(&fresh, "token", (struct verdict){ REFUSE_STALE, "token" });
    cr_expect_eq(pay(&t, &fresh), ACCEPTED, "a replayed proof has not spent the token");
    fresh.list[0].key = store_key_hashed(STORE_SPENT, SLICE_LIT("a third proof"));
    cr_expect_eq(pay(&t, &fresh), REFUSE_STALE);
    close_till(&t);
}

Test(dues, as_many_as_there_can_be)
{
    static const char *const ids[] = { "a", "b", "c" };
    struct dues d = { 0 };
    struct till t;

    open_till(&t, 64);
    struct pop_challenge one = issued(&t), two = issued(&t);
    for (size_t i = 0; i < 3; i++)
        owe_id(&d, ids[i], SPENT);
    owe_challenge(&d, one.text);
    owe_challenge(&d, two.text);
    cr_expect_eq(d.count, DUES_MAX);
    cr_expect_eq(pay(&t, &d), ACCEPTED);
    cr_expect_eq(pay_id(&t, "c"), REFUSE_ATTESTATION);
    close_till(&t);
}

Test(dues, a_full_store_lets_nobody_pass)
{
    struct till t;

    open_till(&t, 0);
    cr_expect_eq(pay_id(&t, "one"), REFUSE_UNAVAILABLE);
    close_till(&t);
}
