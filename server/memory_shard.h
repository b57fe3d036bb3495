/* memory_shard: one part of the memory store under one lock: records by key in a
 * hash table, by expiry in a heap. Nothing is scanned, and records never move,
 * so no copy of a value is left behind. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>

#include "memory_value.h"

enum { MEMORY_SHARD_BITS = 4, MEMORY_SHARD_COUNT = 1 << MEMORY_SHARD_BITS };

/* What all shards share. */
struct memory_budget {
    struct store_memory_limits max;
    _Atomic size_t records, value_bytes;
    uint64_t hash_seed; /* odd */
};

struct memory_shard {
    pthread_mutex_t lock;
    struct memory_budget *budget;
    struct record **segments; /* an array of SEGMENT_LEN records each */
    int32_t *chains;          /* their heads */
    int32_t *heap;            /* numbers of the live records, the first to expire on top */
    unsigned bits;            /* of the number of chains, and of records there is room for */
    size_t used;              /* numbers handed out so far: those beyond are untouched */
    size_t count;             /* live records */
    int32_t free_list;
};

void memory_shard_init(struct memory_shard *s, struct memory_budget *budget);
void memory_shard_clear(struct memory_shard *s);

/* Multiply-shift hashing under a random seed: whoever chooses names cannot choose
 * collisions. Its top MEMORY_SHARD_BITS choose the shard. */
uint64_t memory_hash(const struct memory_budget *budget, enum store_space space,
                     const uint8_t id[static STORE_ID_LEN]);

struct memory_call {
    const struct store_key *key;
    uint64_t hash;
    struct slice value;
    uint64_t now, expires_at;
    struct memory_value *out; /* of get and take: filled with ST_OK */
};
/* ST_OK, ST_EXISTS, ST_NOT_FOUND, ST_NO_MEMORY; ST_BUSY: the budget is spent. */
typedef enum status memory_operation_fn(struct memory_shard *s, const struct memory_call *call);
memory_operation_fn memory_shard_create, memory_shard_put, memory_shard_get, memory_shard_take;

/* Drops what has expired, as each operation does first. */
void memory_shard_expire(struct memory_shard *s, uint64_t now);
