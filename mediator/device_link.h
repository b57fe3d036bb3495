/* device_link: one push device's connection: who it is (msg_device_hello), the channel, heartbeats,
 * and grants that it has not acknowledged yet. All that goes over it lies in frames. */
#pragma once
#include <event2/event.h>
#include <event2/event_struct.h>

#include "device.h"
#include "msg_grant.h"
#include "noise.h"

struct device_link;

/* Fires once, never before device_link_push has returned: ST_OK: acknowledged; ST_BUSY: the device
 * has no room; ST_DENIED, ST_EXPIRED: it will not have it; ST_TIMEOUT, and it has been told to
 * forget it; ST_LOST: the connection is gone, and it may have it. */
typedef void device_push_fn(void *arg, enum status st);
/* Caller-held until then. */
struct device_push {
    struct device_push *next;
    uint8_t grant_id[GRANT_ID_LEN];
    uint64_t deadline;
    device_push_fn *done;
    void *arg;
};

/* Who is told. `find` says which keys a device may use: NULL if it may not come in. All but `find`
 * come once a link, `gone` for those that were in. */
struct device_link_owner {
    const struct device *(*find)(void *arg, struct slice id);
    void (*in)(void *arg, struct device_link *link);
    void (*refused)(void *arg, const char *why);
    void (*gone)(void *arg, struct device_link *link, const char *why);
    void (*freed)(void *arg, struct device_link *link);
    void *arg;
};

struct device_link_times {
    uint32_t handshake_ms;
    uint32_t heartbeat_s;
    uint32_t push_ms;
};

/* The first handshake message may be a replay: it is in once its first record has come. */
enum device_link_state { LINK_HELLO, LINK_HANDSHAKE, LINK_READY, LINK_IN, LINK_CLOSED };

/* Small: there are many. Its members are device_link.c's, but for those that say otherwise. */
struct device_link {
    struct device_link *next, **at; /* the owner's list */
    struct device_link *chain;      /* the owner's table */
    void *context;                  /* the owner's */
    char id[DEVICE_ID_MAX + 1];     /* what it says it is, until it is in; to be read */
    enum device_link_state state;   /* likewise */
    const struct device_link_owner *owner;
    const struct device_link_times *times;
    uint64_t deadline; /* steady milliseconds: it is closed then */
    uint64_t ping_at;  /* likewise, of the next heartbeat */
    uint32_t beat;     /* its number */
    int fd;
    bool doomed; /* closed at the next tick: never from within a call of the owner's */
    unsigned pending;
    struct device_push *pushes, **last;
    struct event event;
    struct event writable;
    struct noise_sender sender;
    struct noise_receiver receiver;
    uint8_t *in; /* of a frame that is not whole yet */
    size_t in_len;
    uint8_t *out; /* what the peer has not taken yet */
    size_t out_len, out_sent;
};

/* Takes fd. NULL: no memory, and fd is closed. */
struct device_link *device_link_new(struct event_base *base, int fd,
                                    const struct device_link_owner *owner,
                                    const struct device_link_times *times);

/* `message` is an encoded grant. ST_OK: `push` is the link's until it is done. ST_BUSY,
 * ST_UNAVAILABLE (it is not in any more), ST_TOO_LARGE: nothing will fire. */
enum status device_link_push(struct device_link *l, struct slice message, unsigned pending_max,
                             struct device_push *push) MUST_USE;

/* At most every few hundred milliseconds: deadlines of all kinds. */
void device_link_tick(struct device_link *l, uint64_t now);
/* Soon, from within whatever call. */
void device_link_doom(struct device_link *l);
/* Now, and frees it: never from within one of its own callbacks. */
void device_link_close(struct device_link *l, const char *why);
