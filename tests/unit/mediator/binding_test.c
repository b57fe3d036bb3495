#include "binding.h"

#include <criterion/criterion.h>
#include <event2/event.h>
#include <string.h>

#include "base64url.h"
#include "store_memory.h"

/* RFC 7636 appendix B. */
#define VERIFIER  "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

struct bench {
    struct event_base *base;
    struct store_memory *memory;
    struct store *store;
    uint64_t now_ms;
    struct clock clock;
    enum status st;
    unsigned fired;
};

static uint64_t steady(void *arg)
{
    return ((struct bench *)arg)->now_ms;
}

static void open_bench(struct bench *b)
{
    const struct store_memory_limits limits = { .records = 64, .value_bytes = 1024 };

    *b = (struct bench){ .base = event_base_new(), .now_ms = 1000 };
    b->clock = (struct clock){ .steady_ms = steady, .arg = b };
    cr_assert_eq(store_memory_new(&limits, &b->clock, &b->memory), ST_OK);
    cr_assert_eq(store_memory_attach(b->memory, b->base, &b->store), ST_OK);
}

static void close_bench(struct bench *b)
{
    store_free(b->store);
    store_memory_free(b->memory);
    event_base_free(b->base);
}

static void done(void *arg, enum status st)
{
    struct bench *b = arg;

    b->st = st;
    b->fired++;
    event_base_loopbreak(b->base);
}

static enum status wait(struct bench *b)
{
    cr_expect_eq(b->fired, 0, "never before the call has returned");
    event_base_dispatch(b->base);
    cr_expect_eq(b->fired, 1);
    b->fired = 0;
    return b->st;
}

static const struct client app = { .id = (char *)"app" }, other_app = { .id = (char *)"other" };
static const struct digest mine = { { 1 } }, theirs = { { 2 } };

static enum status claim(struct bench *b, const struct client *client, const struct digest *jkt)
{
    struct binding binding;

    cr_assert_eq(binding_of_challenge(&binding, SLICE_LIT(CHALLENGE), client, jkt), ST_OK);
    binding_claim(&binding, b->store, 600, done, b);
    return wait(b);
}

static enum status take(struct bench *b, const char *verifier, const struct client *client,
                        const struct digest *jkt)
{
    struct binding binding;

    binding_of_verifier(&binding, slice_of(verifier), client, jkt);
    binding_take(&binding, b->store, done, b);
    return wait(b);
}

Test(binding, only_who_pushed_may_exchange_and_once)
{
    struct bench b;

    open_bench(&b);
    cr_expect_eq(take(&b, VERIFIER, &app, &mine), ST_NOT_FOUND, "nothing was pushed");
    cr_expect_eq(claim(&b, &app, &mine), ST_OK);
    cr_expect_eq(take(&b, VERIFIER, &app, &theirs), ST_DENIED);
    cr_expect_eq(take(&b, VERIFIER, &other_app, &mine), ST_DENIED);
    cr_expect_eq(take(&b, CHALLENGE, &app, &mine), ST_NOT_FOUND, "the challenge is no verifier");
    cr_expect_eq(take(&b, VERIFIER, &app, &mine), ST_OK, "refusals left it in place");
    cr_expect_eq(take(&b, VERIFIER, &app, &mine), ST_NOT_FOUND, "once");
    close_bench(&b);
}

Test(binding, a_challenge_that_was_seen_cannot_be_taken_over)
{
    struct bench b;

    open_bench(&b);
    cr_expect_eq(claim(&b, &app, &mine), ST_OK);
    cr_expect_eq(claim(&b, &app, &theirs), ST_DENIED);
    cr_expect_eq(claim(&b, &other_app, &mine), ST_DENIED);
    cr_expect_eq(claim(&b, &app, &mine), ST_OK, "its owner may push again");
    cr_expect_eq(take(&b, VERIFIER, &app, &theirs), ST_DENIED);
    cr_expect_eq(take(&b, VERIFIER, &app, &mine), ST_OK);
    close_bench(&b);
}

Test(binding, it_expires)
{
    struct bench b;

    open_bench(&b);
    cr_expect_eq(claim(&b, &app, &mine), ST_OK);
    b.now_ms += 599;
    cr_expect_eq(claim(&b, &app, &theirs), ST_DENIED);
    b.now_ms += 1;
    cr_expect_eq(take(&b, VERIFIER, &app, &mine), ST_NOT_FOUND);
    close_bench(&b);
}

static enum status look(struct bench *b, const char *code, const struct client *client,
                        const struct digest *jkt)
{
    struct binding binding;

    binding_of_device_code(&binding, slice_of(code), client, jkt);
    binding_look(&binding, b->store, done, b);
    return wait(b);
}

Test(binding, a_device_code_stays_its_owners)
{
    struct bench b;
    struct binding binding;

    open_bench(&b);
    cr_expect_eq(look(&b, "d", &app, &mine), ST_NOT_FOUND, "nobody has asked for it");
    binding_of_device_code(&binding, SLICE_LIT("d"), &app, &mine);
    binding_claim(&binding, b.store, 600, done, &b);
    cr_expect_eq(wait(&b), ST_OK);
    cr_expect_eq(look(&b, "d", &app, &theirs), ST_DENIED);
    cr_expect_eq(look(&b, "d", &other_app, &mine), ST_DENIED);
    cr_expect_eq(look(&b, "e", &app, &mine), ST_NOT_FOUND);
    cr_expect_eq(take(&b, "d", &app, &mine), ST_NOT_FOUND, "it is no code_verifier");
    cr_expect_eq(look(&b, "d", &app, &mine), ST_OK);
    cr_expect_eq(look(&b, "d", &app, &mine), ST_OK, "as often as it asks");
    close_bench(&b);
}

Test(binding, a_malformed_challenge_names_nothing)
{
    struct binding b;

    cr_expect_eq(binding_of_challenge(&b, SLICE_LIT(""), &app, &mine), ST_INVALID);
    cr_expect_eq(binding_of_challenge(&b, SLICE_LIT(CHALLENGE "A"), &app, &mine), ST_INVALID);
    cr_expect_eq(binding_of_challenge(&b, SLICE_LIT(CHALLENGE), &app, &mine), ST_OK);
}
