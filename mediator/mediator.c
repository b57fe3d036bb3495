#include "mediator.h"

#include <stdlib.h>

struct generation {
    struct mediator *mediator;
    struct model_ref *model; /* held */
    unsigned holds;
    struct generation *next; /* among those that ended */
    size_t count;
    struct discovery *discoveries[];
};

struct mediator {
    struct generation *current;
    struct generation *ended;
    struct event *reap;
    struct mailbox *mailbox;
};

const struct settings *generation_settings(const struct generation *g)
{
    return g->model->model;
}

struct discovery *generation_discovery(const struct generation *g, size_t i)
{
    return g->discoveries[i];
}

static void generation_free(struct generation *g)
{
    for (size_t i = 0; i < g->count; i++)
        discovery_free(g->discoveries[i]);
    model_ref_drop(g->model);
    free(g);
}

static enum status open_discoveries(struct generation *g, struct worker *w)
{
    const struct settings *s = generation_settings(g);
    enum status st = ST_OK;

    while (g->count < s->upstream_count && !st) {
        const struct discovery_options options = { .base = w->base,
                                                   .settings = &s->upstreams[g->count],
                                                   .clock = w->clock,
                                                   .log = w->log,
                                                   .meter = w->meter };
        st = discovery_new(&options, &g->discoveries[g->count]);
        g->count += !st;
    }
    return st;
}

static enum status generation_new(struct worker *w, struct mediator *m, struct generation **out)
{
    const struct settings *s = w->model->model;
    struct generation *g = calloc(1, sizeof *g + s->upstream_count * sizeof(struct discovery *));

    if (!g)
        return ST_NO_MEMORY;
    g->mediator = m;
    g->model = model_ref_hold(w->model);
    g->holds = 1;
    enum status st = open_discoveries(g, w);
    if (st)
        generation_free(g);
    else
        *out = g;
    return st;
}

struct generation *generation_hold(struct worker *w)
{
    struct mediator *m = w->state;

    m->current->holds++;
    return m->current;
}

static void reap(evutil_socket_t fd, short what, void *arg)
{
    struct mediator *m = arg;

    (void)fd, (void)what;
    while (m->ended) {
        struct generation *g = m->ended;
        m->ended = g->next;
        generation_free(g);
    }
}

/* The last request may end in a callback of the very connections that go with
 * it, so they go when the loop comes round. */
void generation_drop(struct generation *g)
{
    if (--g->holds)
        return;
    g->next = g->mediator->ended;
    g->mediator->ended = g;
    event_active(g->mediator->reap, EV_TIMEOUT, 0);
}

static void mediator_free(struct mediator *m)
{
    reap(-1, 0, m);
    if (m->reap)
        event_free(m->reap);
    mailbox_free(m->mailbox);
    free(m);
}

enum status mediator_start(struct worker *w)
{
    struct mediator *m = calloc(1, sizeof *m);
    enum status st = ST_NO_MEMORY;

    if (!m)
        return st;
    m->reap = event_new(w->base, -1, 0, reap, m);
    if (m->reap)
        st = mailbox_new(w->base, &m->mailbox);
    if (!st)
        st = generation_new(w, m, &m->current);
    if (st)
        mediator_free(m);
    else
        w->state = m;
    return st;
}

struct mailbox *mediator_mailbox(const struct worker *w)
{
    return ((const struct mediator *)w->state)->mailbox;
}

void mediator_reload(struct worker *w)
{
    struct mediator *m = w->state;
    struct generation *next;
    enum status st = generation_new(w, m, &next);

    if (st) {
        log_note(w->log, LOG_ERROR, "worker keeps its former configuration", "status",
                 status_name(st));
        return;
    }
    generation_drop(m->current);
    m->current = next;
}

void mediator_stop(struct worker *w)
{
    struct mediator *m = w->state;

    generation_drop(m->current);
    mediator_free(m);
}
