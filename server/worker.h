/* worker: one thread with one loop: its store, its HTTP server, and a mailbox
 * that the main thread drops new models and the order to drain into. */
#pragma once
#include "daemon.h"
#include "listener_set.h"

/* Borrowed until worker_thread_join, but for the sockets, which are taken. */
struct worker_setup {
    const struct daemon_spec *spec;
    const struct config_daemon *config;
    struct store_memory *memory;    /* NULL: Redis */
    struct listener_set *listeners; /* NULL: it serves no HTTP, it is the side worker */
    void *side;                     /* state of the side worker, or NULL */
    struct metrics *metrics;        /* meter i is worker i's */
    struct readiness *readiness;
    struct rate_limit *rates;
    struct log *log;
    int gone_fd; /* an eventfd that every worker adds 1 to as it ends */
};

struct worker_thread;

/* Returns once the worker serves, or with the status of why it does not. */
enum status worker_thread_start(const struct worker_setup *setup, unsigned index,
                                struct model_ref *model, struct worker_thread **out) MUST_USE;

/* What worker_start or side_start made. */
void *worker_thread_state(const struct worker_thread *t);

/* Hands over a new model, and waits until the worker has switched to it. */
void worker_thread_offer(struct worker_thread *t, struct model_ref *model);
void worker_thread_await_switch(struct worker_thread *t);

/* Lets it finish what is under way and end. */
void worker_thread_drain(struct worker_thread *t);
/* Waits for its end and frees it. */
void worker_thread_join(struct worker_thread *t);
