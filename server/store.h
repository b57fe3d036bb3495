/* store: small expiring records shared by the workers of a daemon, or by
 * daemons: challenges, spent ids, pushed requests. One handle a loop. */
#pragma once
#include <event2/event.h>

#include "bytes.h"
#include "clock.h"
#include "log.h"

enum { STORE_ID_LEN = 32 };

enum store_space { STORE_CHALLENGE, STORE_SPENT, STORE_REQUEST, STORE_BINDING, STORE_SPACE_COUNT };

/* 32 bytes name a record: random ones, or the SHA-256 of what names it. */
struct store_key {
    enum store_space space;
    uint8_t id[STORE_ID_LEN];
};

/* Fires exactly once, never before the call has returned. `value` is borrowed
 * for the call, and empty where there is none. */
typedef void store_fn(void *arg, enum status st, struct slice value);

struct store;
struct store_ops {
    void (*create)(struct store *, const struct store_key *, struct slice value, uint32_t ttl_ms,
                   store_fn *, void *arg);
    void (*put)(struct store *, const struct store_key *, struct slice value, uint32_t ttl_ms,
                store_fn *, void *arg);
    void (*get)(struct store *, const struct store_key *, store_fn *, void *arg);
    void (*take)(struct store *, const struct store_key *, store_fn *, void *arg);
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
bool store_ready(const struct store *s);
void store_free(struct store *s);

struct store_key store_key_hashed(enum store_space space, struct slice name);
