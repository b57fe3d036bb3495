/* load_loop: one thread's share of load-attest: connections that attest for installations in turn,
 * when arrivals are due (open loop) or as soon as the last one is done (closed). */
#pragma once
#include <pthread.h>
#include <stddef.h>

#include "arrivals.h"
#include "attest_talk.h"
#include "histogram.h"

/* What came of it; all of it starts at 0. */
struct outcome {
    struct histogram latency; /* us, of what is done or unfinished */
    uint64_t done, refused, broken, unfinished;
    double busy_us; /* CPU of the thread */
};

struct load_loop {
    pthread_t thread;
    const struct load_options *options;
    struct installation *installations; /* borrowed, of this loop alone */
    size_t installation_count, next_installation;
    struct load_connection *connections, *idle;
    size_t connection_count, under_way;
    struct arrivals arrivals;
    int poller, timer;
    double end_us, armed_us;
    struct outcome outcome;
};

double load_now_us(void);
_Noreturn void load_die(const char *what);

/* Connects, and attests once unmeasured, so that everything has been read. `options`,
 * `installations` and their counts are set. */
void load_loop_open(struct load_loop *l, size_t connections);
/* Runs in a thread of its own from start_us on, with a seed of its own and 1 / threads of the
 * rate. */
void load_loop_start(struct load_loop *l, double start_us, uint64_t seed);
void load_loop_join(struct load_loop *l);
void load_loop_close(struct load_loop *l);
