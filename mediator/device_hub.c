#include "device_hub.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "listener.h"
#include "mediator_metrics.h"

enum { ACCEPT_BATCH = 64, TICK_MS = 100, LISTENERS_MAX = 16, ADDRESS_MAX = 128 };

struct listening {
    struct device_hub *hub;
    int fd;
    struct event *event;
};

struct device_hub {
    struct device_hub_options options;
    struct device_link_times times;
    struct device_link_owner owner;
    uint32_t connections_max; /* as at the start: the table is made for it */
    struct event *tick;
    bool accept_paused;
    size_t listener_count;
    struct listening listeners[LISTENERS_MAX];
    struct device_link *links; /* all */
    size_t greeting, in;       /* how many of either kind */
    uint64_t seed;             /* whoever chooses ids cannot choose collisions */
    size_t chain_count;        /* a power of two */
    struct device_link **chains;
};

/* --- the table of those who are in --- */

static struct device_link **chain_of(const struct device_hub *h, const char *id)
{
    uint64_t hash = h->seed;

    for (; *id; id++)
        hash = (hash ^ (uint8_t)*id) * UINT64_C(0x9e3779b97f4a7c15);
    return &h->chains[(hash ^ hash >> 32) & (h->chain_count - 1)];
}

static struct device_link *find(const struct device_hub *h, const char *id)
{
    struct device_link *l = *chain_of(h, id);

    while (l && strcmp(l->id, id) != 0)
        l = l->chain;
    return l;
}

static void put(struct device_hub *h, struct device_link *l)
{
    struct device_link **chain = chain_of(h, l->id);

    l->chain = *chain;
    *chain = l;
}

/* False if it was not there: a newer one has taken its place. */
static bool take_out(struct device_hub *h, struct device_link *l)
{
    struct device_link **at = chain_of(h, l->id);

    while (*at && *at != l)
        at = &(*at)->chain;
    if (!*at)
        return false;
    *at = l->chain;
    return true;
}

/* --- what links tell --- */

static void note(const struct device_hub *h, enum log_level level, const char *event,
                 const char *id, const char *why)
{
    struct log_line line;

    log_begin(&line, h->options.log, level, event);
    if (id)
        log_word(&line, "device", id);
    if (why)
        log_word(&line, "reason", why);
    log_end(&line);
}

static const struct device *may_come(void *arg, struct slice id)
{
    struct device_hub *h = arg;
    const struct device *d = device_registry_find(h->options.settings->registry, id);

    return d && d->mode == DEVICE_PUSH && h->in < h->connections_max ? d : NULL;
}

static void on_in(void *arg, struct device_link *l)
{
    struct device_hub *h = arg;
    struct device_link *former = find(h, l->id);

    if (former) {
        take_out(h, former);
        device_link_doom(former);
        l->context = former->context;
        former->context = NULL;
    }
    put(h, l);
    h->greeting--;
    h->in++;
    count_devices(h->options.meter, h->in);
    count_device(h->options.meter, DEVICE_CAME);
    note(h, LOG_INFO, "device connected", l->id, NULL);
    h->options.came(h->options.arg, l);
}

static void on_refused(void *arg, const char *why)
{
    struct device_hub *h = arg;

    h->greeting--;
    count_device(h->options.meter, DEVICE_REFUSED);
    note(h, LOG_WARN, "device refused", NULL, why);
}

static void on_gone(void *arg, struct device_link *l, const char *why)
{
    struct device_hub *h = arg;
    bool was_the_one = take_out(h, l);

    h->in--;
    count_devices(h->options.meter, h->in);
    note(h, LOG_INFO, "device gone", l->id, was_the_one ? why : "it has come anew");
    if (was_the_one)
        h->options.left(h->options.arg, l);
}

static void on_freed(void *arg, struct device_link *l)
{
    (void)arg;
    *l->at = l->next;
    if (l->next)
        l->next->at = l->at;
}

/* --- those who dial in --- */

static void take(struct device_hub *h, int fd)
{
    struct device_link *l;

    if (h->greeting >= h->options.settings->handshakes) {
        close(fd);
        count_device(h->options.meter, DEVICE_TURNED_AWAY);
        return;
    }
    l = device_link_new(h->options.base, fd, &h->owner, &h->times);
    if (!l)
        return;
    h->greeting++;
    l->next = h->links;
    l->at = &h->links;
    if (l->next)
        l->next->at = &l->next;
    h->links = l;
}

static void listeners_switch(struct device_hub *h, bool on)
{
    h->accept_paused = !on;
    for (size_t i = 0; i < h->listener_count; i++)
        if (on)
            event_add(h->listeners[i].event, NULL);
        else
            event_del(h->listeners[i].event);
}

static void on_acceptable(evutil_socket_t listening, short what, void *arg)
{
    struct device_hub *h = ((struct listening *)arg)->hub;

    (void)what;
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            take(h, fd);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            note(h, LOG_WARN, "accept paused", NULL, "out of descriptors or memory");
            listeners_switch(h, false);
        }
        return;
    }
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct device_hub *h = arg;
    uint64_t now = clock_steady(&SYSTEM_CLOCK);
    struct device_link *next;

    (void)fd, (void)what;
    if (h->accept_paused)
        listeners_switch(h, true);
    for (struct device_link *l = h->links; l; l = next) {
        next = l->next;
        device_link_tick(l, now);
    }
}

static enum status open_one(struct device_hub *h, const char *where, char *why, size_t why_cap)
{
    char address[ADDRESS_MAX];
    const char *reason = "one too many";
    int fd = -1;

    if (h->listener_count == LISTENERS_MAX || listener_open(where, &fd, &reason)) {
        snprintf(why, why_cap, "device listen \"%s\": %s", where, reason);
        return ST_IO;
    }
    struct listening *l = &h->listeners[h->listener_count++];
    *l = (struct listening){ .hub = h, .fd = fd };
    l->event = event_new(h->options.base, l->fd, EV_READ | EV_PERSIST, on_acceptable, l);
    if (!l->event || event_add(l->event, NULL) != 0)
        return ST_NO_MEMORY;
    const char *colon = strrchr(where, ':');
    snprintf(address, sizeof address, "%.*s:%u", (int)(colon - where), where,
             (unsigned)listener_port(l->fd));
    log_note(h->options.log, LOG_INFO, "listening for devices", "address",
             listener_port(l->fd) ? address : where);
    return ST_OK;
}

static enum status make_parts(struct device_hub *h)
{
    const struct timeval every = { .tv_usec = TICK_MS * 1000 };

    for (h->chain_count = 16; h->chain_count < h->connections_max;)
        h->chain_count *= 2;
    crypto_random((uint8_t *)&h->seed, sizeof h->seed);
    h->chains = calloc(h->chain_count, sizeof *h->chains);
    h->tick = event_new(h->options.base, -1, EV_PERSIST, on_tick, h);
    return h->chains && h->tick && event_add(h->tick, &every) == 0 ? ST_OK : ST_NO_MEMORY;
}

static enum status open_all(struct device_hub *h, char *why, size_t why_cap)
{
    const struct words *listen = &h->options.settings->listen;
    enum status st = make_parts(h);

    snprintf(why, why_cap, "no memory");
    for (size_t i = 0; i < listen->count && !st; i++)
        st = open_one(h, listen->list[i], why, why_cap);
    return st;
}

/* --- life --- */

enum status device_hub_new(const struct device_hub_options *options, struct device_hub **out,
                           char *why, size_t why_cap)
{
    struct device_hub *h = calloc(1, sizeof *h);

    snprintf(why, why_cap, "no memory");
    if (!h)
        return ST_NO_MEMORY;
    h->options = *options;
    h->connections_max = options->settings->connections;
    h->owner = (struct device_link_owner){ may_come, on_in, on_refused, on_gone, on_freed, h };
    device_hub_change(h, options->settings);
    enum status st = open_all(h, why, why_cap);
    if (st)
        device_hub_free(h);
    else
        *out = h;
    return st;
}

void device_hub_free(struct device_hub *h)
{
    while (h->links)
        device_link_close(h->links, "we end");
    for (size_t i = 0; i < h->listener_count; i++) {
        if (h->listeners[i].event)
            event_free(h->listeners[i].event);
        close(h->listeners[i].fd);
    }
    if (h->tick)
        event_free(h->tick);
    free(h->chains);
    free(h);
}

void device_hub_change(struct device_hub *h, const struct device_settings *settings)
{
    h->options.settings = settings;
    h->times = (struct device_link_times){ .handshake_ms = settings->handshake_ms,
                                           .heartbeat_s = settings->heartbeat_s,
                                           .push_ms = settings->push_ms };
    for (struct device_link *l = h->links; l; l = l->next)
        if (l->state == LINK_IN && !device_registry_find(settings->registry, slice_of(l->id)))
            device_link_doom(l);
}

size_t device_hub_count(const struct device_hub *h)
{
    return h->in;
}

bool device_hub_has(const struct device_hub *h, const char *id)
{
    const struct device_link *l = find(h, id);

    return l && !l->doomed;
}

enum status device_hub_push(struct device_hub *h, const char *id, struct slice grant,
                            struct device_push *push)
{
    struct device_link *l = find(h, id);

    if (!l || l->doomed)
        return ST_NOT_FOUND;
    enum status st = device_link_push(l, grant, h->options.settings->pending, push);
    return st == ST_UNAVAILABLE ? ST_NOT_FOUND : st;
}

void device_hub_drop(struct device_hub *h, const char *id)
{
    struct device_link *l = find(h, id);

    if (l)
        device_link_doom(l);
}
