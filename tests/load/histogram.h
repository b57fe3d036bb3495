/* histogram: whole numbers in buckets no wider than a 64th of what they hold, so that the longest
 * of millions of latencies are kept beside the shortest, and percentiles are right within 1.6 %. */
#pragma once
#include <stdint.h>

enum {
    HISTOGRAM_SUB_BITS = 6,
    HISTOGRAM_VALUE_BITS = 40, /* more counts as the most */
    HISTOGRAM_BUCKETS = (HISTOGRAM_VALUE_BITS - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS
};

/* Starts out as zeros. */
struct histogram {
    uint64_t total;
    uint64_t most;
    uint64_t counts[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *h, uint64_t value);
void histogram_merge(struct histogram *into, const struct histogram *other);

/* What `part` (0 to 1) of the values do not exceed: the end of the bucket that the last of them is
 * in, but never more than the most that was added. 0 if nothing was. */
uint64_t histogram_percentile(const struct histogram *h, double part);
/* How many are in buckets that begin at `value` or above: never more than there are such values. */
uint64_t histogram_from(const struct histogram *h, uint64_t value);
