#include "memory_exchange.h"

#include <stdatomic.h>

#include "store_bench.h"

/* That a store with it delivers messages is in store_test.c. */

static struct memory_exchange exchange;
static const struct store_channel channel = { .id = { 1 } };

struct hearer {
    struct event_base *base;
    struct memory_inbox *inbox;
    _Atomic unsigned listening;
    unsigned messages;
};

static void on_listening(void *arg)
{
    atomic_fetch_add(&((struct hearer *)arg)->listening, 1);
}

static void on_message(void *arg, struct slice message)
{
    cr_assert(slice_is(message, "x"));
    ((struct hearer *)arg)->messages++;
}

static void hearer_open(struct hearer *h)
{
    const struct store_subscriber who = { on_listening, on_message, h };
    struct store_subscription *sub;

    h->base = event_base_new();
    cr_assert_eq(memory_inbox_new(&exchange, h->base, &h->inbox), ST_OK);
    cr_assert_eq(memory_inbox_subscribe(h->inbox, &channel, &who, &sub), ST_OK);
}

static void hearer_close(struct hearer *h)
{
    memory_inbox_free(h->inbox);
    event_base_free(h->base);
}

static void hear_until(struct hearer *h, unsigned messages)
{
    for (int i = 0; i < 5000 && h->messages < messages; i++)
        turn(h->base, 2);
}

static enum status post(void)
{
    return memory_exchange_publish(&exchange, &channel, SLICE_LIT("x"));
}

/* One more than fit is missed, and whoever missed it is told; one less is not. */
Test(memory_exchange, a_full_inbox_misses_and_says_so)
{
    for (unsigned over = 0; over < 2; over++) {
        struct hearer h = { .messages = 0 };
        memory_exchange_init(&exchange);
        hearer_open(&h);
        turn(h.base, 1);
        for (unsigned i = 0; i < MEMORY_INBOX_MAX + over; i++)
            cr_assert_eq(post(), ST_OK);
        hear_until(&h, MEMORY_INBOX_MAX);
        turn(h.base, 20);
        cr_assert_eq(h.messages, MEMORY_INBOX_MAX);
        cr_assert_eq(h.listening, 1 + over);
        cr_assert_eq(post(), ST_OK);
        hear_until(&h, MEMORY_INBOX_MAX + 1);
        cr_assert_eq(h.messages, MEMORY_INBOX_MAX + 1);
        hearer_close(&h);
        memory_exchange_clear(&exchange);
    }
}

Test(memory_exchange, an_inbox_that_is_freed_unread)
{
    struct hearer h = { .messages = 0 };

    memory_exchange_init(&exchange);
    hearer_open(&h);
    cr_assert_eq(post(), ST_OK);
    hearer_close(&h);
    cr_assert_eq(post(), ST_OK);
    cr_assert_eq(h.messages, 0);
    memory_exchange_clear(&exchange);
}

enum { THREADS = 4, EACH = 1000 };
static struct hearer hearers[THREADS];
static pthread_barrier_t barrier;

static void *talk_and_listen(void *arg)
{
    struct hearer *h = arg;

    hearer_open(h);
    while (!atomic_load(&h->listening))
        turn(h->base, 1);
    pthread_barrier_wait(&barrier);
    for (unsigned i = 0; i < EACH; i++)
        cr_assert_eq(post(), ST_OK);
    hear_until(h, THREADS * EACH);
    pthread_barrier_wait(&barrier);
    hearer_close(h);
    return NULL;
}

Test(memory_exchange, every_loop_hears_every_other)
{
    pthread_t threads[THREADS];

    memory_exchange_init(&exchange);
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, talk_and_listen, &hearers[i]);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < THREADS; i++)
        cr_assert_eq(hearers[i].messages, THREADS * EACH);
    memory_exchange_clear(&exchange);
}
