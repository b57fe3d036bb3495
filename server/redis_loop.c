#include "redis_loop.h"

#include <stdbool.h>
#include <stdlib.h>

struct membership {
    redisAsyncContext *context;
    struct event *read, *write;
    bool reading;
    bool *gone; /* while hiredis writes: told if the context is freed meanwhile */
};

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    const struct membership *m = arg;

    (void)fd, (void)what;
    redisAsyncHandleRead(m->context);
}

static void on_write(evutil_socket_t fd, short what, void *arg)
{
    struct membership *m = arg;
    bool gone = false;

    (void)fd, (void)what;
    m->gone = &gone;
    redisAsyncHandleWrite(m->context);
    if (!gone)
        m->gone = NULL;
}

static void add_read(void *arg)
{
    struct membership *m = arg;

    if (!m->reading)
        event_add(m->read, NULL);
    m->reading = true;
}

static void stop_reading(void *arg)
{
    struct membership *m = arg;

    event_del(m->read);
    m->reading = false;
}

/* Waits for the socket while it connects, and for what it did not take; else for the end of this
 * pass. */
static void add_write(void *arg)
{
    struct membership *m = arg;

    if (m->gone || !(m->context->c.flags & REDIS_CONNECTED))
        event_add(m->write, NULL);
    else
        event_active(m->write, EV_WRITE, 0);
}

static void stop_writing(void *arg)
{
    event_del(((struct membership *)arg)->write);
}

static void leave(void *arg)
{
    struct membership *m = arg;

    if (m->gone)
        *m->gone = true;
    if (m->read)
        event_free(m->read);
    if (m->write)
        event_free(m->write);
    free(m);
}

enum status redis_loop_join(redisAsyncContext *context, struct event_base *base)
{
    struct membership *m = calloc(1, sizeof *m);

    if (!m)
        return ST_NO_MEMORY;
    m->context = context;
    m->read = event_new(base, context->c.fd, EV_READ | EV_PERSIST, on_readable, m);
    m->write = event_new(base, context->c.fd, EV_WRITE, on_write, m);
    if (!m->read || !m->write) {
        leave(m);
        return ST_NO_MEMORY;
    }
    context->ev.data = m;
    context->ev.addRead = add_read;
    context->ev.delRead = stop_reading;
    context->ev.addWrite = add_write;
    context->ev.delWrite = stop_writing;
    context->ev.cleanup = leave;
    return ST_OK;
}
