/* store_memory: the store inside one process, shared by its workers. */
#pragma once
#include "store.h"

struct store_memory_limits {
    size_t records;     /* at most, in all; then ST_BUSY */
    size_t value_bytes; /* of values longer than STORE_MEMORY_INLINE, in all */
};
enum { STORE_MEMORY_INLINE = 80 };
extern const struct store_memory_limits STORE_MEMORY_DEFAULTS; /* 1,000,000 and 64 MiB */

struct store_memory;

/* The shared part: sharded, bounded, expiring without scans. */
enum status store_memory_new(const struct store_memory_limits *limits, const struct clock *clock,
                             struct store_memory **out) MUST_USE;
void store_memory_free(struct store_memory *m); /* after every handle */
size_t store_memory_count(const struct store_memory *m);

/* A handle whose callbacks fire on `base`. */
enum status store_memory_attach(struct store_memory *m, struct event_base *base,
                                struct store **out) MUST_USE;
