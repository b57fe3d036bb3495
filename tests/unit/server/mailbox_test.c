#include "mailbox.h"

#include <criterion/criterion.h>
#include <pthread.h>

enum { THREADS = 4, EACH = 1000 };

struct letter {
    struct mail mail;
    struct room *room;
    unsigned thread, number;
};

struct room {
    struct event_base *base;
    struct mailbox *box;
    unsigned next[THREADS], ran;
    bool in_order;
    pthread_t loop; /* whose thread it is */
    bool elsewhere;
    struct letter letters[THREADS][EACH];
};

static void arrived(void *arg)
{
    struct letter *l = arg;
    struct room *r = l->room;

    r->in_order &= r->next[l->thread]++ == l->number;
    r->elsewhere |= !pthread_equal(pthread_self(), r->loop);
    if (++r->ran == THREADS * EACH)
        event_base_loopbreak(r->base);
}

static void *post_all(void *arg)
{
    struct letter *letters = arg;

    for (unsigned i = 0; i < EACH; i++)
        mailbox_post(letters[i].room->box, &letters[i].mail);
    return NULL;
}

static struct room *room_new(void)
{
    struct room *r = calloc(1, sizeof *r);

    r->base = event_base_new();
    r->in_order = true;
    r->loop = pthread_self();
    cr_assert_eq(mailbox_new(r->base, &r->box), ST_OK);
    for (unsigned t = 0; t < THREADS; t++)
        for (unsigned i = 0; i < EACH; i++)
            r->letters[t][i] = (struct letter){ { arrived, &r->letters[t][i], NULL }, r, t, i };
    return r;
}

static void room_free(struct room *r)
{
    mailbox_free(r->box);
    event_base_free(r->base);
    free(r);
}

Test(mailbox, runs_each_once_in_order_in_its_own_thread)
{
    struct room *r = room_new();
    pthread_t threads[THREADS];

    for (unsigned t = 0; t < THREADS; t++)
        cr_assert_eq(pthread_create(&threads[t], NULL, post_all, r->letters[t]), 0);
    event_base_dispatch(r->base);
    for (unsigned t = 0; t < THREADS; t++)
        pthread_join(threads[t], NULL);
    cr_assert_eq(r->ran, THREADS * EACH);
    cr_assert(r->in_order);
    cr_assert_not(r->elsewhere);
    room_free(r);
}

Test(mailbox, never_runs_within_the_post)
{
    struct room *r = room_new();

    mailbox_post(r->box, &r->letters[0][0].mail);
    cr_assert_eq(r->ran, 0);
    event_base_loop(r->base, EVLOOP_NONBLOCK);
    cr_assert_eq(r->ran, 1);
    room_free(r);
}

Test(mailbox, what_is_left_is_run_at_its_end)
{
    struct room *r = room_new();

    mailbox_post(r->box, &r->letters[0][0].mail);
    mailbox_free(r->box);
    cr_assert_eq(r->ran, 1);
    event_base_free(r->base);
    free(r);
}
