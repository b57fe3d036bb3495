#include "load_loop.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 64, WARM_UP_MS = 30000 };
#define TIMER UINT64_MAX /* the event of the timer; others are a connection's number */

struct load_connection {
    struct talk talk;
    unsigned seen_dials; /* those whose sockets are polled */
    double due_us;       /* what is under way */
    struct load_connection *next_idle;
};

void load_die(const char *what)
{
    fprintf(stderr, "load-attest: %s\n", what);
    exit(1);
}

double load_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double thread_cpu_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* --- connections --- */

static void poll_fd(struct load_loop *l, int fd, uint64_t number)
{
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = number };

    if (epoll_ctl(l->poller, EPOLL_CTL_ADD, fd, &event) != 0 && errno != EEXIST)
        load_die("cannot poll");
}

/* After each call that may have connected anew. */
static void poll_talk(struct load_loop *l, struct load_connection *c)
{
    const struct talk *t = &c->talk;

    if (!talk_is_open(t))
        load_die("cannot connect");
    if (c->seen_dials == t->dials)
        return;
    c->seen_dials = t->dials;
    uint64_t number = (uint64_t)(c - l->connections) * TALK_SIDES;
    poll_fd(l, t->fds[0], number);
    if (t->fds[1] != t->fds[0])
        poll_fd(l, t->fds[1], number + 1);
}

static void rest(struct load_loop *l, struct load_connection *c)
{
    c->next_idle = l->idle;
    l->idle = c;
}

static struct installation *next_installation(struct load_loop *l)
{
    struct installation *next = &l->installations[l->next_installation];

    l->next_installation = (l->next_installation + 1) % l->installation_count;
    return next;
}

static void finish(struct load_loop *l, struct load_connection *c, enum talk_progress p)
{
    l->under_way--;
    l->outcome.done += p == TALK_DONE;
    l->outcome.refused += p == TALK_REFUSED;
    l->outcome.broken += p == TALK_BROKEN;
    if (p == TALK_DONE)
        histogram_add(&l->outcome.latency, (uint64_t)(load_now_us() - c->due_us));
    poll_talk(l, c);
    rest(l, c);
}

static void begin(struct load_loop *l, struct load_connection *c, double due_us)
{
    c->due_us = due_us;
    l->under_way++;
    enum talk_progress p = talk_start(&c->talk, next_installation(l));
    if (p != TALK_MORE)
        finish(l, c, p);
}

/* Something came, or ended, on one of a connection's sockets. */
static void hear(struct load_loop *l, struct load_connection *c, unsigned side)
{
    const struct talk *t = &c->talk;

    if (t->client && t->fds[side] == t->fds[t->side]) {
        enum talk_progress p = talk_read(&c->talk);
        if (p != TALK_MORE)
            finish(l, c, p);
        else
            poll_talk(l, c);
        return;
    }
    /* The server has closed what nobody was using. */
    if (!talk_renew(&c->talk, side))
        load_die("cannot connect");
    poll_talk(l, c);
}

/* --- when --- */

static bool is_open_loop(const struct load_loop *l)
{
    return l->options->rate > 0;
}

static bool more_to_come(const struct load_loop *l, double now)
{
    return (is_open_loop(l) ? l->arrivals.next_us : now) < l->end_us;
}

static void begin_due(struct load_loop *l)
{
    double now = load_now_us();

    while (l->idle && more_to_come(l, now) && (!is_open_loop(l) || l->arrivals.next_us <= now)) {
        struct load_connection *c = l->idle;
        l->idle = c->next_idle;
        begin(l, c, is_open_loop(l) ? arrivals_take(&l->arrivals) : now);
        now = load_now_us();
    }
}

static double deadline(const struct load_loop *l)
{
    return l->end_us + l->options->patience * 1e6;
}

/* For when there is something to do again, if nothing comes before. epoll's own timeout is of
 * milliseconds, which would be added to every latency. */
static void arm(struct load_loop *l)
{
    bool waits = l->idle && is_open_loop(l) && l->arrivals.next_us < l->end_us;
    double at = waits ? l->arrivals.next_us : deadline(l);
    struct itimerspec when = { .it_value = { .tv_sec = (time_t)(at / 1e6) } };

    if (at == l->armed_us)
        return;
    l->armed_us = at;
    when.it_value.tv_nsec = (long)((at - (double)when.it_value.tv_sec * 1e6) * 1e3);
    if (timerfd_settime(l->timer, TFD_TIMER_ABSTIME, &when, NULL) != 0)
        load_die("cannot set a timer");
}

static void wait_for_events(struct load_loop *l)
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(l->poller, events, EVENTS, -1);

    for (int i = 0; i < n; i++) {
        uint64_t number = events[i].data.u64;
        if (number == TIMER)
            l->armed_us = 0;
        else
            hear(l, &l->connections[number / TALK_SIDES], (unsigned)(number % TALK_SIDES));
    }
}

/* What was due and is not done has waited at least until now, and may not be left out. */
static void count_unfinished(struct load_loop *l)
{
    double now = load_now_us();

    for (size_t i = 0; i < l->connection_count; i++) {
        if (!l->connections[i].talk.client)
            continue;
        histogram_add(&l->outcome.latency, (uint64_t)(now - l->connections[i].due_us));
        l->outcome.unfinished++;
    }
    while (is_open_loop(l) && l->arrivals.next_us < l->end_us) {
        histogram_add(&l->outcome.latency, (uint64_t)(now - arrivals_take(&l->arrivals)));
        l->outcome.unfinished++;
    }
}

static void *run(void *arg)
{
    struct load_loop *l = arg;
    double before = thread_cpu_us();

    for (;;) {
        begin_due(l);
        double now = load_now_us();
        if ((l->under_way == 0 && !more_to_come(l, now)) || now >= deadline(l))
            break;
        arm(l);
        wait_for_events(l);
    }
    count_unfinished(l);
    l->outcome.busy_us = thread_cpu_us() - before;
    return NULL;
}

/* --- from start to end --- */

static void warm_up(struct load_loop *l)
{
    struct talk *t = &l->connections[0].talk;
    enum talk_progress p = talk_start(t, &l->installations[0]);

    while (p == TALK_MORE) {
        struct pollfd fd = { t->fds[t->side], POLLIN, 0 };
        if (poll(&fd, 1, WARM_UP_MS) <= 0)
            load_die("no answer");
        p = talk_read(t);
    }
    if (p == TALK_DONE)
        return;
    fprintf(stderr, "%.*s\n", (int)t->got, t->answer);
    load_die("the first attestation came to nothing");
}

void load_loop_open(struct load_loop *l, size_t connections)
{
    l->connections = calloc(connections, sizeof *l->connections);
    l->connection_count = connections;
    l->poller = epoll_create1(EPOLL_CLOEXEC);
    l->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (!l->connections || l->poller < 0 || l->timer < 0)
        load_die("no memory or descriptors");
    poll_fd(l, l->timer, TIMER);
    for (size_t i = 0; i < connections; i++) {
        if (!talk_open(&l->connections[i].talk, l->options))
            load_die("cannot connect");
        rest(l, &l->connections[i]);
    }
    warm_up(l);
    for (size_t i = 0; i < connections; i++)
        poll_talk(l, &l->connections[i]);
}

void load_loop_start(struct load_loop *l, double start_us, uint64_t seed)
{
    const struct load_options *o = l->options;

    l->end_us = start_us + o->seconds * 1e6;
    if (o->rate > 0)
        arrivals_init(&l->arrivals, start_us, o->rate / (double)o->threads, o->poisson, seed);
    if (pthread_create(&l->thread, NULL, run, l) != 0)
        load_die("no thread");
}

void load_loop_join(struct load_loop *l)
{
    pthread_join(l->thread, NULL);
}

void load_loop_close(struct load_loop *l)
{
    for (size_t i = 0; i < l->connection_count; i++)
        talk_close(&l->connections[i].talk);
    close(l->timer);
    close(l->poller);
    free(l->connections);
}
