/* store: small expiring records shared by the workers of a daemon, or by
 * daemons: challenges, spent ids, pushed requests. One handle a loop. */
#pragma once
#include <event2/event.h>

#include "bytes.h"
#include "clock.h"
#include "log.h"

enum { STORE_ID_LEN = 32 };

enum store_space {
    STORE_CHALLENGE,
    STORE_SPENT,
    STORE_REQUEST,
    STORE_BINDING,
    STORE_DEVICE,
    STORE_SPACE_COUNT
};

/* 32 bytes name a record: random ones, or the SHA-256 of what names it. */
struct store_key {
    enum store_space space;
    uint8_t id[STORE_ID_LEN];
};

/* Fires exactly once, never before the call has returned. `value` is borrowed
 * for the call, and empty where there is none. */
typedef void store_fn(void *arg, enum status st, struct slice value);

/* Where messages between those who share the store go: random bytes, or the
 * SHA-256 of what names it. */
struct store_channel {
    uint8_t id[STORE_ID_LEN];
};
enum { STORE_MESSAGE_MAX = 16384 };

/* Who hears them, until it unsubscribes; never called from within a call of the
 * store. It may subscribe and unsubscribe whom it likes meanwhile. */
struct store_subscriber {
    /* What is published from now on is heard. Comes first, and again whenever
     * some may have been missed since. */
    void (*listening)(void *arg);
    void (*message)(void *arg, struct slice message); /* borrowed for the call */
    void *arg;
};
struct store_subscription;

struct store;
struct store_ops {
    void (*create)(struct store *, const struct store_key *, struct slice value, uint32_t ttl_ms,
                   store_fn *, void *arg);
    void (*put)(struct store *, const struct store_key *, struct slice value, uint32_t ttl_ms,
                store_fn *, void *arg);
    void (*get)(struct store *, const struct store_key *, store_fn *, void *arg);
    void (*take)(struct store *, const struct store_key *, store_fn *, void *arg);
    void (*publish)(struct store *, const struct store_channel *, struct slice message, store_fn *,
                    void *arg);
    enum status (*subscribe)(struct store *, const struct store_channel *,
                             const struct store_subscriber *, struct store_subscription **);
    void (*unsubscribe)(struct store *, struct store_subscription *);
    bool (*ready)(const struct store *);
    void (*free)(struct store *);
};
struct store {
    const struct store_ops *ops;
};

/* All calls may end with ST_BUSY (too much at once), ST_NO_MEMORY,
 * ST_UNAVAILABLE: the store does not answer, and nothing was done; and all but
 * store_get with ST_LOST: no answer came, be it past a deadline, and it may have
 * been done. */

/* ST_OK; ST_EXISTS if the record is there; ST_BUSY if the store is full. */
void store_create(struct store *s, const struct store_key *key, struct slice value, uint32_t ttl_ms,
                  store_fn *done, void *arg);
/* Marks an id as spent: ST_OK for the first caller, ST_EXISTS for all others. */
void store_mark(struct store *s, const struct store_key *key, uint32_t ttl_ms, store_fn *done,
                void *arg);
/* Creates or replaces. */
void store_put(struct store *s, const struct store_key *key, struct slice value, uint32_t ttl_ms,
               store_fn *done, void *arg);
/* ST_OK with the value, or ST_NOT_FOUND. */
void store_get(struct store *s, const struct store_key *key, store_fn *done, void *arg);
/* One atomic read-and-delete: ST_OK for one caller only, or ST_NOT_FOUND. After
 * ST_LOST the record must be treated as consumed. */
void store_take(struct store *s, const struct store_key *key, store_fn *done, void *arg);

/* To whoever listens on the channel at this moment, in whichever daemon, this one
 * included: each hears it once or never, and nobody says which. ST_OK: it is on
 * its way; ST_TOO_LARGE beyond STORE_MESSAGE_MAX. */
void store_publish(struct store *s, const struct store_channel *channel, struct slice message,
                   store_fn *done, void *arg);
/* ST_OK: `who`, which is copied, will be told when it is heard. ST_NO_MEMORY. */
enum status store_subscribe(struct store *s, const struct store_channel *channel,
                            const struct store_subscriber *who,
                            struct store_subscription **out) MUST_USE;
/* Nothing is heard any more, at once. store_free does it for all that are left. */
void store_unsubscribe(struct store *s, struct store_subscription *subscription);

bool store_ready(const struct store *s);
void store_free(struct store *s);

struct store_key store_key_hashed(enum store_space space, struct slice name);
struct store_channel store_channel_hashed(struct slice name);
