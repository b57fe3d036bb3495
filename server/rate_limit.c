#include "rate_limit.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "crypto.h"

enum {
    WAYS = 8, /* entries among which a bucket is looked for, and one forgotten */
    SHARDS = 64,
    SEED_LEN = 16,
    NAME_MAX_LEN = 256,
    ADDRESS_LEN = 16,
    V4_BITS = 96, /* of ::ffff:0:0/96, which IPv4 addresses are kept under */
    LOG_EVERY_MS = 1000
};

#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

/* Empty buckets are not refilled by a timer: `full_at` is when this one will be full,
 * and every token taken moves it (the generic cell rate algorithm, ITU-T I.371). */
struct bucket {
    uint64_t tag;     /* 0: no bucket */
    uint64_t full_at; /* nanoseconds of the steady clock */
};

struct bucket_set {
    struct bucket ways[WAYS];
};

struct shard {
    _Alignas(64) pthread_mutex_t lock;
};

struct rate_limit {
    const struct clock *clock;
    uint8_t seed[SEED_LEN];
    _Atomic uint32_t per_second[RATE_KIND_COUNT], burst[RATE_KIND_COUNT];
    _Atomic uint32_t ipv6_prefix;
    _Atomic uint64_t log_at, held_back;
    struct shard shards[SHARDS]; /* set n belongs to shard n % SHARDS */
    size_t set_count;            /* a power of two */
    struct bucket_set *sets;
};

const struct rate_settings RATE_DEFAULTS = {
    .rates = { [RATE_ADDRESS] = { 50, 200 }, [RATE_CLIENT] = { 0, 1000 } },
    .ipv6_prefix = 64,
    .entries = 65536,
};

enum status rate_limit_new(const struct rate_settings *settings, const struct clock *clock,
                           struct rate_limit **out)
{
    struct rate_limit *r = aligned_alloc(64, sizeof *r);

    if (!r)
        return ST_NO_MEMORY;
    memset(r, 0, sizeof *r);
    r->clock = clock;
    r->set_count = 1;
    while (r->set_count * WAYS < settings->entries)
        r->set_count *= 2;
    r->sets = calloc(r->set_count, sizeof *r->sets);
    if (!r->sets) {
        free(r);
        return ST_NO_MEMORY;
    }
    crypto_random(r->seed, sizeof r->seed);
    for (size_t i = 0; i < SHARDS; i++)
        pthread_mutex_init(&r->shards[i].lock, NULL);
    rate_limit_change(r, settings);
    *out = r;
    return ST_OK;
}

void rate_limit_free(struct rate_limit *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < SHARDS; i++)
        pthread_mutex_destroy(&r->shards[i].lock);
    free(r->sets);
    free(r);
}

void rate_limit_change(struct rate_limit *r, const struct rate_settings *settings)
{
    for (size_t i = 0; i < RATE_KIND_COUNT; i++) {
        atomic_store(&r->per_second[i], settings->rates[i].per_second);
        atomic_store(&r->burst[i], settings->rates[i].burst);
    }
    atomic_store(&r->ipv6_prefix, settings->ipv6_prefix);
}

/* --- the table --- */

struct place {
    uint64_t tag, set;
};

/* Under a seed that nobody knows, so that nobody can choose names which share a set.
 * Names that are too long count as one: whoever reads them refuses them. */
static struct place place_of(const struct rate_limit *r, enum rate_kind kind, struct slice name)
{
    uint8_t bytes[SEED_LEN + 1 + NAME_MAX_LEN];
    struct writer w = writer_over(bytes, sizeof bytes);
    struct place place;

    writer_put(&w, (struct slice){ r->seed, sizeof r->seed });
    writer_byte(&w, (uint8_t)kind);
    writer_put(&w, name);
    struct digest hash = crypto_sha256(writer_slice(&w));
    memcpy(&place, hash.bytes, sizeof place);
    place.tag |= 1;
    place.set &= r->set_count - 1;
    return place;
}

/* The bucket of that tag; or one to begin anew: an empty entry, or the fullest, whose
 * owner loses least by being forgotten. */
static struct bucket *find(struct bucket_set *set, uint64_t tag)
{
    struct bucket *fullest = &set->ways[0];

    for (size_t i = 0; i < WAYS; i++) {
        if (set->ways[i].tag == tag)
            return &set->ways[i];
        if (set->ways[i].full_at < fullest->full_at)
            fullest = &set->ways[i];
    }
    *fullest = (struct bucket){ .tag = tag };
    return fullest;
}

/* Nanoseconds until there is a token; 0 if there was one, and it is taken. */
static uint64_t take(struct bucket *b, uint64_t now, uint64_t interval, uint64_t burst)
{
    uint64_t most = now + burst * interval;

    if (b->full_at < now)
        b->full_at = now;
    if (b->full_at > most) /* of a time when less was allowed */
        b->full_at = most;
    if (b->full_at + interval > most)
        return b->full_at + interval - most;
    b->full_at += interval;
    return 0;
}

uint32_t rate_limit_take(struct rate_limit *r, enum rate_kind kind, struct slice name)
{
    uint32_t per_second = atomic_load_explicit(&r->per_second[kind], memory_order_relaxed);
    uint32_t burst = atomic_load_explicit(&r->burst[kind], memory_order_relaxed);

    if (per_second == 0)
        return 0;
    struct place place = place_of(r, kind, name);
    pthread_mutex_t *lock = &r->shards[place.set % SHARDS].lock;
    pthread_mutex_lock(lock);
    uint64_t now = clock_steady(r->clock) * NS_PER_MS;
    uint64_t wait = take(find(&r->sets[place.set], place.tag), now, NS_PER_S / per_second, burst);
    pthread_mutex_unlock(lock);
    return (uint32_t)((wait + NS_PER_MS - 1) / NS_PER_MS);
}

/* --- addresses --- */

static bool read_v4(const char *text, uint8_t out[static ADDRESS_LEN])
{
    static const uint8_t prefix[V4_BITS / 8] = { [10] = 0xff, [11] = 0xff };

    memcpy(out, prefix, sizeof prefix);
    return inet_pton(AF_INET, text, out + sizeof prefix) == 1;
}

/* A whole network is as easily had as one address of it (RFC 6177 §2). */
static bool read_v6(const char *text, unsigned prefix, uint8_t out[static ADDRESS_LEN])
{
    if (inet_pton(AF_INET6, text, out) != 1)
        return false;
    for (unsigned bit = prefix; bit < 8 * ADDRESS_LEN; bit++)
        out[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
    return true;
}

uint32_t rate_limit_take_address(struct rate_limit *r, struct slice text)
{
    unsigned prefix = atomic_load_explicit(&r->ipv6_prefix, memory_order_relaxed);
    uint8_t address[ADDRESS_LEN];
    char copy[INET6_ADDRSTRLEN];

    if (slice_copy_text(text, copy, sizeof copy) ||
        (!read_v4(copy, address) && !read_v6(copy, prefix, address)))
        return 0;
    return rate_limit_take(r, RATE_ADDRESS, (struct slice){ address, sizeof address });
}

/* --- what is said about it --- */

bool rate_limit_may_log(struct rate_limit *r, uint64_t *held_back)
{
    uint64_t now = clock_steady(r->clock), next = atomic_load(&r->log_at);

    if (now < next || !atomic_compare_exchange_strong(&r->log_at, &next, now + LOG_EVERY_MS)) {
        atomic_fetch_add(&r->held_back, 1);
        return false;
    }
    *held_back = atomic_exchange(&r->held_back, 0);
    return true;
}
