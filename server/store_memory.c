#include "store_memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "secret.h"

const struct store_memory_limits STORE_MEMORY_DEFAULTS = {
    .records = 1000 * 1000,
    .value_bytes = 64 * 1024 * 1024,
};

enum {
    SHARD_COUNT = 16,
    FIRST_CAPACITY = 64, /* records of a shard at first; doubles up to its share of the bound */
    NONE = -1
};

/* A record lies in its shard's array, in one hash chain and at one place of the expiry heap. */
struct record {
    uint64_t expires_at; /* steady ms */
    int32_t next;        /* of the chain, or of the free list */
    int32_t heap_at;
    uint32_t value_len;
    uint8_t space;
    uint8_t id[STORE_ID_LEN];
    union {
        uint8_t near[STORE_MEMORY_INLINE];
        uint8_t *far; /* owned; longer than STORE_MEMORY_INLINE */
    } value;
};

struct shard {
    pthread_mutex_t lock;
    struct record *records;
    int32_t *chains; /* as many as records; heads, or NONE */
    int32_t *heap;   /* record numbers, the one that expires first on top */
    size_t capacity;
    size_t used;  /* records handed out so far; beyond lie untouched ones */
    size_t count; /* live ones: the heap's size */
    size_t max;
    int32_t free_list;
};

struct store_memory {
    const struct clock *clock;
    size_t value_bytes_max;
    _Atomic size_t value_bytes;
    struct shard shards[SHARD_COUNT];
};

/* Ids are random or hashes of ours, so their own bytes spread them. */
static uint32_t hash_of(const struct store_key *key)
{
    uint32_t hash;

    memcpy(&hash, key->id, sizeof hash);
    return hash ^ (uint32_t)key->space * 0x9e3779b9u;
}

static struct shard *shard_of(struct store_memory *m, const struct store_key *key)
{
    return &m->shards[key->id[STORE_ID_LEN - 1] % SHARD_COUNT];
}

/* --- the expiry heap --- */

static bool sooner(const struct shard *s, int32_t a, int32_t b)
{
    return s->records[a].expires_at < s->records[b].expires_at;
}

static void heap_place(struct shard *s, size_t at, int32_t n)
{
    s->heap[at] = n;
    s->records[n].heap_at = (int32_t)at;
}

static void heap_up(struct shard *s, size_t at)
{
    int32_t n = s->heap[at];

    while (at > 0 && sooner(s, n, s->heap[(at - 1) / 2])) {
        heap_place(s, at, s->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    heap_place(s, at, n);
}

static void heap_down(struct shard *s, size_t at)
{
    int32_t n = s->heap[at];

    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= s->count)
            break;
        if (child + 1 < s->count && sooner(s, s->heap[child + 1], s->heap[child]))
            child++;
        if (!sooner(s, s->heap[child], n))
            break;
        heap_place(s, at, s->heap[child]);
        at = child;
    }
    heap_place(s, at, n);
}

static void heap_remove(struct shard *s, size_t at)
{
    int32_t last = s->heap[--s->count];

    if (at == s->count)
        return;
    heap_place(s, at, last);
    heap_up(s, at);
    heap_down(s, (size_t)s->records[last].heap_at);
}

/* --- records --- */

static uint32_t record_hash(const struct record *r)
{
    struct store_key key = { .space = (enum store_space)r->space };

    memcpy(key.id, r->id, sizeof key.id);
    return hash_of(&key);
}

static int32_t *chain_of(struct shard *s, uint32_t hash)
{
    return &s->chains[hash & (s->capacity - 1)];
}

static bool is_named(const struct record *r, const struct store_key *key)
{
    return r->space == key->space && memcmp(r->id, key->id, sizeof r->id) == 0;
}

/* The link that leads to the record of this key: *link is NONE if there is none. */
static int32_t *find_link(struct shard *s, const struct store_key *key)
{
    int32_t *link = chain_of(s, hash_of(key));

    while (*link != NONE && !is_named(&s->records[*link], key))
        link = &s->records[*link].next;
    return link;
}

static struct slice value_of(const struct record *r)
{
    bool near = r->value_len <= STORE_MEMORY_INLINE;

    return (struct slice){ near ? r->value.near : r->value.far, r->value_len };
}

static void clear_value(struct store_memory *m, struct record *r)
{
    if (r->value_len > STORE_MEMORY_INLINE) {
        secret_wipe(r->value.far, r->value_len);
        free(r->value.far);
        atomic_fetch_sub(&m->value_bytes, r->value_len);
    }
    secret_wipe(&r->value, sizeof r->value);
    r->value_len = 0;
}

static enum status set_value(struct store_memory *m, struct record *r, struct slice value)
{
    uint8_t *at = r->value.near;

    if (value.len > STORE_MEMORY_INLINE) {
        size_t before = atomic_fetch_add(&m->value_bytes, value.len);
        at = before + value.len <= m->value_bytes_max ? malloc(value.len) : NULL;
        if (!at) {
            atomic_fetch_sub(&m->value_bytes, value.len);
            return ST_BUSY;
        }
        r->value.far = at;
    }
    if (value.len)
        memcpy(at, value.data, value.len);
    r->value_len = (uint32_t)value.len;
    return ST_OK;
}

static void remove_record(struct store_memory *m, struct shard *s, int32_t *link)
{
    int32_t n = *link;
    struct record *r = &s->records[n];

    *link = r->next;
    heap_remove(s, (size_t)r->heap_at);
    clear_value(m, r);
    r->next = s->free_list;
    s->free_list = n;
}

/* Everything that has expired goes, first in the heap first: no scan, and what has expired never
 * counts as full. */
static void expire(struct store_memory *m, struct shard *s, uint64_t now)
{
    while (s->count && s->records[s->heap[0]].expires_at <= now) {
        int32_t n = s->heap[0];
        int32_t *link = chain_of(s, record_hash(&s->records[n]));
        while (*link != n)
            link = &s->records[*link].next;
        remove_record(m, s, link);
    }
}

static void link_record(struct shard *s, int32_t n)
{
    int32_t *chain = chain_of(s, record_hash(&s->records[n]));

    s->records[n].next = *chain;
    *chain = n;
}

/* Replaces one array by a longer one; the old one stays when memory is short. */
static bool lengthen(void **array, size_t count, size_t size)
{
    void *longer = realloc(*array, count * size);

    if (longer)
        *array = longer;
    return longer != NULL;
}

static enum status grow(struct shard *s)
{
    size_t capacity = s->capacity ? s->capacity * 2 : FIRST_CAPACITY;

    if (s->count >= s->max)
        return ST_BUSY;
    if (!lengthen((void **)&s->records, capacity, sizeof *s->records) ||
        !lengthen((void **)&s->chains, capacity, sizeof *s->chains) ||
        !lengthen((void **)&s->heap, capacity, sizeof *s->heap))
        return ST_NO_MEMORY;
    s->capacity = capacity;
    for (size_t i = 0; i < capacity; i++)
        s->chains[i] = NONE;
    for (size_t i = 0; i < s->count; i++)
        link_record(s, s->heap[i]);
    return ST_OK;
}

static enum status new_number(struct shard *s, int32_t *out)
{
    if (s->count >= s->max)
        return ST_BUSY;
    if (s->free_list != NONE) {
        *out = s->free_list;
        s->free_list = s->records[*out].next;
        return ST_OK;
    }
    if (s->used == s->capacity) {
        enum status st = grow(s);
        if (st)
            return st;
    }
    *out = (int32_t)s->used++;
    return ST_OK;
}

static enum status add_record(struct store_memory *m, struct shard *s, const struct store_key *key,
                              struct slice value, uint64_t expires_at)
{
    int32_t n;
    enum status st = new_number(s, &n);

    if (st)
        return st;
    struct record *r = &s->records[n];
    r->expires_at = expires_at;
    r->space = (uint8_t)key->space;
    memcpy(r->id, key->id, sizeof r->id);
    st = set_value(m, r, value);
    if (st) {
        r->value_len = 0;
        r->next = s->free_list;
        s->free_list = n;
        return st;
    }
    link_record(s, n);
    s->heap[s->count] = n;
    heap_up(s, s->count++);
    return ST_OK;
}

/* --- answers: they wait in the handle's queue until the loop comes round --- */

struct answer {
    struct answer *next;
    store_fn *done;
    void *arg;
    enum status st;
    size_t len;
    uint8_t value[];
};

struct handle {
    struct store store;
    struct store_memory *memory;
    struct event *wake;
    struct answer *first, **last;
};

/* Without memory for so little nobody can be answered any more: end, and be started anew. */
static struct answer *answer_new(struct slice value)
{
    struct answer *a = malloc(sizeof *a + value.len);

    if (!a)
        abort();
    a->next = NULL;
    a->len = value.len;
    if (value.len)
        memcpy(a->value, value.data, value.len);
    return a;
}

/* --- the four operations, under the shard's lock --- */

struct operation {
    const struct store_key *key;
    struct slice value;
    uint64_t expires_at;
};
typedef struct answer *operation_fn(struct store_memory *m, struct shard *s,
                                    const struct operation *op);

static struct answer *plain_answer(enum status st)
{
    struct answer *a = answer_new((struct slice){ NULL, 0 });

    a->st = st;
    return a;
}

static int32_t *link_if_any(struct shard *s, const struct store_key *key)
{
    int32_t *link = s->capacity ? find_link(s, key) : NULL;

    return link && *link != NONE ? link : NULL;
}

static struct answer *do_create(struct store_memory *m, struct shard *s, const struct operation *op)
{
    if (link_if_any(s, op->key))
        return plain_answer(ST_EXISTS);
    return plain_answer(add_record(m, s, op->key, op->value, op->expires_at));
}

static struct answer *do_put(struct store_memory *m, struct shard *s, const struct operation *op)
{
    int32_t *link = link_if_any(s, op->key);

    if (link)
        remove_record(m, s, link);
    return plain_answer(add_record(m, s, op->key, op->value, op->expires_at));
}

static struct answer *do_get(struct store_memory *m, struct shard *s, const struct operation *op)
{
    int32_t *link = link_if_any(s, op->key);

    (void)m;
    if (!link)
        return plain_answer(ST_NOT_FOUND);
    struct answer *a = answer_new(value_of(&s->records[*link]));
    a->st = ST_OK;
    return a;
}

static struct answer *do_take(struct store_memory *m, struct shard *s, const struct operation *op)
{
    struct answer *a = do_get(m, s, op);

    if (a->st == ST_OK)
        remove_record(m, s, link_if_any(s, op->key));
    return a;
}

/* --- the shared part --- */

enum status store_memory_new(const struct store_memory_limits *limits, const struct clock *clock,
                             struct store_memory **out)
{
    struct store_memory *m = calloc(1, sizeof *m);

    if (!m)
        return ST_NO_MEMORY;
    m->clock = clock;
    m->value_bytes_max = limits->value_bytes;
    for (size_t i = 0; i < SHARD_COUNT; i++) {
        struct shard *s = &m->shards[i];
        pthread_mutex_init(&s->lock, NULL);
        s->free_list = NONE;
        s->max = limits->records / SHARD_COUNT + (i < limits->records % SHARD_COUNT);
    }
    *out = m;
    return ST_OK;
}

static void free_shard(struct store_memory *m, struct shard *s)
{
    for (size_t i = 0; i < s->count; i++)
        clear_value(m, &s->records[s->heap[i]]);
    pthread_mutex_destroy(&s->lock);
    free(s->records);
    free(s->chains);
    free(s->heap);
}

void store_memory_free(struct store_memory *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < SHARD_COUNT; i++)
        free_shard(m, &m->shards[i]);
    free(m);
}

size_t store_memory_count(const struct store_memory *m)
{
    struct store_memory *shared = (struct store_memory *)m; /* for its locks */
    size_t count = 0;

    for (size_t i = 0; i < SHARD_COUNT; i++) {
        pthread_mutex_lock(&shared->shards[i].lock);
        count += shared->shards[i].count;
        pthread_mutex_unlock(&shared->shards[i].lock);
    }
    return count;
}

/* --- a handle --- */

/* Answers that are queued while these are given wait for the next round. */
static void give_answers(evutil_socket_t fd, short what, void *arg)
{
    struct handle *h = arg;
    struct answer *a = h->first;

    (void)fd;
    (void)what;
    h->first = NULL;
    h->last = &h->first;
    while (a) {
        struct answer *next = a->next;
        a->done(a->arg, a->st, (struct slice){ a->value, a->len });
        secret_wipe(a->value, a->len);
        free(a);
        a = next;
    }
}

static void run(struct store *store, operation_fn *operation, const struct store_key *key,
                struct slice value, uint32_t ttl_ms, store_fn *done, void *arg)
{
    struct handle *h = (struct handle *)store;
    struct shard *s = shard_of(h->memory, key);
    uint64_t now = clock_steady(h->memory->clock);
    struct operation op = { .key = key, .value = value, .expires_at = now + ttl_ms };

    pthread_mutex_lock(&s->lock);
    expire(h->memory, s, now);
    struct answer *a = operation(h->memory, s, &op);
    pthread_mutex_unlock(&s->lock);
    a->done = done;
    a->arg = arg;
    *h->last = a;
    h->last = &a->next;
    event_active(h->wake, EV_TIMEOUT, 0);
}

static void memory_create(struct store *s, const struct store_key *key, struct slice value,
                          uint32_t ttl_ms, store_fn *done, void *arg)
{
    run(s, do_create, key, value, ttl_ms, done, arg);
}

static void memory_put(struct store *s, const struct store_key *key, struct slice value,
                       uint32_t ttl_ms, store_fn *done, void *arg)
{
    run(s, do_put, key, value, ttl_ms, done, arg);
}

static void memory_get(struct store *s, const struct store_key *key, store_fn *done, void *arg)
{
    run(s, do_get, key, (struct slice){ NULL, 0 }, 0, done, arg);
}

static void memory_take(struct store *s, const struct store_key *key, store_fn *done, void *arg)
{
    run(s, do_take, key, (struct slice){ NULL, 0 }, 0, done, arg);
}

static bool memory_ready(const struct store *s)
{
    (void)s;
    return true;
}

static void memory_free(struct store *s)
{
    struct handle *h = (struct handle *)s;

    while (h->first)
        give_answers(-1, 0, h);
    event_free(h->wake);
    free(h);
}

static const struct store_ops memory_ops = {
    .create = memory_create,
    .put = memory_put,
    .get = memory_get,
    .take = memory_take,
    .ready = memory_ready,
    .free = memory_free,
};

enum status store_memory_attach(struct store_memory *m, struct event_base *base, struct store **out)
{
    struct handle *h = calloc(1, sizeof *h);

    if (!h)
        return ST_NO_MEMORY;
    h->store.ops = &memory_ops;
    h->memory = m;
    h->last = &h->first;
    h->wake = event_new(base, -1, 0, give_answers, h);
    if (!h->wake) {
        free(h);
        return ST_NO_MEMORY;
    }
    *out = &h->store;
    return ST_OK;
}
