#include "memory_shard.h"

#include <stdlib.h>
#include <string.h>

enum {
    SEGMENT_BITS = 8, /* records that are allocated at once */
    SEGMENT_LEN = 1 << SEGMENT_BITS,
    BITS_MAX = 30,
    NONE = -1
};

struct record {
    uint64_t expires_at; /* steady ms */
    int32_t next;        /* of the chain, or of the free list */
    int32_t heap_at;
    uint8_t id[STORE_ID_LEN];
    struct memory_value value;
    uint8_t space;
};

static struct record *record_at(const struct memory_shard *s, int32_t n)
{
    return &s->segments[n >> SEGMENT_BITS][n & (SEGMENT_LEN - 1)];
}

/* --- the budget --- */

static bool reserve(_Atomic size_t *used, size_t n, size_t max)
{
    if (n == 0 || atomic_fetch_add_explicit(used, n, memory_order_relaxed) + n <= max)
        return true;
    atomic_fetch_sub_explicit(used, n, memory_order_relaxed);
    return false;
}

static void release(_Atomic size_t *used, size_t n)
{
    if (n)
        atomic_fetch_sub_explicit(used, n, memory_order_relaxed);
}

static enum status set_value(struct memory_shard *s, struct record *r, struct slice value)
{
    struct memory_budget *b = s->budget;
    size_t extra = memory_value_extra(value.len);

    if (!reserve(&b->value_bytes, extra, b->max.value_bytes))
        return ST_BUSY;
    enum status st = memory_value_init(&r->value, value);
    if (st)
        release(&b->value_bytes, extra);
    return st;
}

static void clear_value(struct memory_shard *s, struct memory_value *v)
{
    release(&s->budget->value_bytes, memory_value_extra(v->len));
    memory_value_clear(v);
}

/* --- the heap of expiries --- */

static bool sooner(const struct memory_shard *s, int32_t a, int32_t b)
{
    return record_at(s, a)->expires_at < record_at(s, b)->expires_at;
}

static void heap_place(struct memory_shard *s, size_t at, int32_t n)
{
    s->heap[at] = n;
    record_at(s, n)->heap_at = (int32_t)at;
}

static void heap_up(struct memory_shard *s, size_t at)
{
    int32_t n = s->heap[at];

    while (at > 0 && sooner(s, n, s->heap[(at - 1) / 2])) {
        heap_place(s, at, s->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    heap_place(s, at, n);
}

static void heap_down(struct memory_shard *s, size_t at)
{
    int32_t n = s->heap[at];

    for (size_t child = 2 * at + 1; child < s->count; child = 2 * at + 1) {
        if (child + 1 < s->count && sooner(s, s->heap[child + 1], s->heap[child]))
            child++;
        if (!sooner(s, s->heap[child], n))
            break;
        heap_place(s, at, s->heap[child]);
        at = child;
    }
    heap_place(s, at, n);
}

static void heap_settle(struct memory_shard *s, int32_t n)
{
    heap_up(s, (size_t)record_at(s, n)->heap_at);
    heap_down(s, (size_t)record_at(s, n)->heap_at);
}

static void heap_add(struct memory_shard *s, int32_t n)
{
    heap_place(s, s->count++, n);
    heap_up(s, s->count - 1);
}

static void heap_remove(struct memory_shard *s, int32_t n)
{
    size_t at = (size_t)record_at(s, n)->heap_at;
    int32_t last = s->heap[--s->count];

    if (last == n)
        return;
    heap_place(s, at, last);
    heap_settle(s, last);
}

/* --- the hash table --- */

uint64_t memory_hash(const struct memory_budget *budget, enum store_space space,
                     const uint8_t id[static STORE_ID_LEN])
{
    uint64_t word;

    memcpy(&word, id, sizeof word);
    return (word + (uint64_t)space) * budget->hash_seed;
}

static int32_t *chain_of(const struct memory_shard *s, uint64_t hash)
{
    return &s->chains[(hash << MEMORY_SHARD_BITS) >> (64 - s->bits)];
}

static uint64_t hash_of(const struct memory_shard *s, const struct record *r)
{
    return memory_hash(s->budget, (enum store_space)r->space, r->id);
}

static bool is_named(const struct record *r, const struct store_key *key)
{
    return r->space == key->space && memcmp(r->id, key->id, sizeof r->id) == 0;
}

/* The link that leads to the record of this key; NULL if there is none. */
static int32_t *find_link(const struct memory_shard *s, const struct memory_call *call)
{
    if (s->count == 0)
        return NULL;
    int32_t *link = chain_of(s, call->hash);
    while (*link != NONE && !is_named(record_at(s, *link), call->key))
        link = &record_at(s, *link)->next;
    return *link == NONE ? NULL : link;
}

static void link_record(struct memory_shard *s, int32_t n)
{
    int32_t *chain = chain_of(s, hash_of(s, record_at(s, n)));

    record_at(s, n)->next = *chain;
    *chain = n;
}

/* --- numbers --- */

static bool lengthen(void **array, size_t bytes)
{
    void *longer = realloc(*array, bytes);

    if (longer)
        *array = longer;
    return longer != NULL;
}

/* Room for twice as many: tables of numbers only, the records stay where they are. */
static enum status grow(struct memory_shard *s)
{
    unsigned bits = s->bits ? s->bits + 1 : SEGMENT_BITS;
    size_t room = (size_t)1 << bits;

    if (bits > BITS_MAX ||
        !lengthen((void **)&s->segments, (room >> SEGMENT_BITS) * sizeof *s->segments) ||
        !lengthen((void **)&s->chains, room * sizeof *s->chains) ||
        !lengthen((void **)&s->heap, room * sizeof *s->heap))
        return ST_NO_MEMORY;
    s->bits = bits;
    for (size_t i = 0; i < room; i++)
        s->chains[i] = NONE;
    for (size_t i = 0; i < s->count; i++)
        link_record(s, s->heap[i]);
    return ST_OK;
}

static enum status new_segment(struct memory_shard *s)
{
    if (s->bits == 0 || s->used >> s->bits) {
        enum status st = grow(s);
        if (st)
            return st;
    }
    struct record *segment = malloc(SEGMENT_LEN * sizeof *segment);
    s->segments[s->used >> SEGMENT_BITS] = segment;
    return segment ? ST_OK : ST_NO_MEMORY;
}

static enum status new_number(struct memory_shard *s, int32_t *out)
{
    if (s->free_list != NONE) {
        *out = s->free_list;
        s->free_list = record_at(s, *out)->next;
        return ST_OK;
    }
    if (s->used % SEGMENT_LEN == 0) {
        enum status st = new_segment(s);
        if (st)
            return st;
    }
    *out = (int32_t)s->used++;
    return ST_OK;
}

static void free_number(struct memory_shard *s, int32_t n)
{
    record_at(s, n)->next = s->free_list;
    s->free_list = n;
}

/* --- records --- */

static enum status fill_record(struct memory_shard *s, int32_t n, const struct memory_call *call)
{
    struct record *r = record_at(s, n);

    r->expires_at = call->expires_at;
    r->space = (uint8_t)call->key->space;
    memcpy(r->id, call->key->id, sizeof r->id);
    enum status st = set_value(s, r, call->value);
    if (st) {
        free_number(s, n);
        return st;
    }
    link_record(s, n);
    heap_add(s, n);
    return ST_OK;
}

static enum status add_record(struct memory_shard *s, const struct memory_call *call)
{
    struct memory_budget *b = s->budget;
    int32_t n;

    if (!reserve(&b->records, 1, b->max.records))
        return ST_BUSY;
    enum status st = new_number(s, &n);
    if (!st)
        st = fill_record(s, n, call);
    if (st)
        release(&b->records, 1);
    return st;
}

/* Its value has been cleared, or moved away. */
static void drop_record(struct memory_shard *s, int32_t *link)
{
    int32_t n = *link;

    *link = record_at(s, n)->next;
    heap_remove(s, n);
    free_number(s, n);
    release(&s->budget->records, 1);
}

static void expire(struct memory_shard *s, uint64_t now)
{
    while (s->count && record_at(s, s->heap[0])->expires_at <= now) {
        int32_t n = s->heap[0];
        int32_t *link = chain_of(s, hash_of(s, record_at(s, n)));
        while (*link != n)
            link = &record_at(s, *link)->next;
        clear_value(s, &record_at(s, n)->value);
        drop_record(s, link);
    }
}

/* --- operations --- */

static enum status create(struct memory_shard *s, const struct memory_call *call)
{
    return find_link(s, call) ? ST_EXISTS : add_record(s, call);
}

/* A record that cannot take its new value keeps the old one. */
static enum status put(struct memory_shard *s, const struct memory_call *call)
{
    int32_t *link = find_link(s, call);

    if (!link)
        return add_record(s, call);
    struct record *r = record_at(s, *link);
    struct memory_value former;
    memory_value_move(&former, &r->value);
    enum status st = set_value(s, r, call->value);
    if (st) {
        memory_value_move(&r->value, &former);
    } else {
        clear_value(s, &former);
        r->expires_at = call->expires_at;
        heap_settle(s, *link);
    }
    return st;
}

static enum status get(struct memory_shard *s, const struct memory_call *call)
{
    const int32_t *link = find_link(s, call);

    return link ? memory_value_init(call->out, memory_value_slice(&record_at(s, *link)->value))
                : ST_NOT_FOUND;
}

static enum status take(struct memory_shard *s, const struct memory_call *call)
{
    int32_t *link = find_link(s, call);

    if (!link)
        return ST_NOT_FOUND;
    struct record *r = record_at(s, *link);
    release(&s->budget->value_bytes, memory_value_extra(r->value.len));
    memory_value_move(call->out, &r->value);
    drop_record(s, link);
    return ST_OK;
}

static enum status locked(struct memory_shard *s, const struct memory_call *call,
                          memory_operation_fn *operation)
{
    pthread_mutex_lock(&s->lock);
    expire(s, call->now);
    enum status st = operation(s, call);
    pthread_mutex_unlock(&s->lock);
    return st;
}

enum status memory_shard_create(struct memory_shard *s, const struct memory_call *call)
{
    return locked(s, call, create);
}

enum status memory_shard_put(struct memory_shard *s, const struct memory_call *call)
{
    return locked(s, call, put);
}

enum status memory_shard_get(struct memory_shard *s, const struct memory_call *call)
{
    return locked(s, call, get);
}

enum status memory_shard_take(struct memory_shard *s, const struct memory_call *call)
{
    return locked(s, call, take);
}

void memory_shard_expire(struct memory_shard *s, uint64_t now)
{
    pthread_mutex_lock(&s->lock);
    expire(s, now);
    pthread_mutex_unlock(&s->lock);
}

/* --- life --- */

void memory_shard_init(struct memory_shard *s, struct memory_budget *budget)
{
    *s = (struct memory_shard){ .budget = budget, .free_list = NONE };
    pthread_mutex_init(&s->lock, NULL);
}

void memory_shard_clear(struct memory_shard *s)
{
    expire(s, UINT64_MAX);
    for (size_t i = 0; i * SEGMENT_LEN < s->used; i++)
        free(s->segments[i]);
    free(s->segments);
    free(s->chains);
    free(s->heap);
    pthread_mutex_destroy(&s->lock);
}
