#include "histogram.h"

#define VALUE_MAX ((UINT64_C(1) << HISTOGRAM_VALUE_BITS) - 1)

/* Below 2^(SUB_BITS + 1) each number has a bucket of its own; above it each power of two has
 * 2^SUB_BITS of them. */
static unsigned shift_of(uint64_t value)
{
    unsigned bits = value ? 64 - (unsigned)__builtin_clzll(value) : 0;

    return bits > HISTOGRAM_SUB_BITS + 1 ? bits - HISTOGRAM_SUB_BITS - 1 : 0;
}

static unsigned bucket_of(uint64_t value)
{
    unsigned shift = shift_of(value);

    return (shift << HISTOGRAM_SUB_BITS) + (unsigned)(value >> shift);
}

static unsigned shift_of_bucket(unsigned bucket)
{
    unsigned row = bucket >> HISTOGRAM_SUB_BITS;

    return row ? row - 1 : 0;
}

static uint64_t first_of(unsigned bucket)
{
    unsigned shift = shift_of_bucket(bucket);

    return (uint64_t)(bucket - (shift << HISTOGRAM_SUB_BITS)) << shift;
}

static uint64_t last_of(unsigned bucket)
{
    return first_of(bucket) + (UINT64_C(1) << shift_of_bucket(bucket)) - 1;
}

void histogram_add(struct histogram *h, uint64_t value)
{
    if (value > VALUE_MAX)
        value = VALUE_MAX;
    h->counts[bucket_of(value)]++;
    h->total++;
    if (value > h->most)
        h->most = value;
}

void histogram_merge(struct histogram *into, const struct histogram *other)
{
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        into->counts[i] += other->counts[i];
    into->total += other->total;
    if (other->most > into->most)
        into->most = other->most;
}

uint64_t histogram_percentile(const struct histogram *h, double part)
{
    double wanted = part * (double)h->total;
    uint64_t seen = 0;

    for (unsigned i = 0; i < HISTOGRAM_BUCKETS && h->total; i++) {
        seen += h->counts[i];
        if (h->counts[i] && (double)seen >= wanted)
            return last_of(i) < h->most ? last_of(i) : h->most;
    }
    return h->most;
}

uint64_t histogram_from(const struct histogram *h, uint64_t value)
{
    uint64_t found = 0;

    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        if (first_of(i) >= value)
            found += h->counts[i];
    return found;
}
