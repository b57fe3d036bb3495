/* metrics: what a daemon counts and measures. Each thread writes to a meter of its own, without
 * locks; whoever reads sums them up. */
#pragma once
#include "bytes.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* All values that a label can have are known beforehand: never what a caller sent. */
struct metric_label {
    const char *name;
    size_t count;
    const char *(*value)(const void *arg, size_t i);
    const void *arg;
};
/* A metric_label's value where arg is an array of texts. */
const char *metric_word(const void *words, size_t i);
#define METRIC_WORDS(name, words)                                                                  \
    {                                                                                              \
        name, sizeof(words) / sizeof *(words), metric_word, words                                  \
    }

/* A new metric is one row. Histograms are of seconds, and gauges add up over threads. */
enum { METRIC_LABELS_MAX = 3 };
struct metric {
    const char *name;
    const char *help;
    enum metric_type type;
    struct metric_label labels[METRIC_LABELS_MAX]; /* those with a name */
};

/* The bounds of every histogram, in microseconds; what is above them all counts as well. */
enum { METRIC_BOUNDS = 16 };
extern const uint32_t METRIC_BOUNDS_US[METRIC_BOUNDS];

struct metrics;
/* Borrows the rows, and what their labels point to. ST_NO_MEMORY. */
enum status metrics_new(const struct metric *rows, size_t count, size_t threads,
                        struct metrics **out) MUST_USE;
void metrics_free(struct metrics *m);

/* The meter of thread i, which alone may write to it. */
struct meter;
struct meter *metrics_meter(struct metrics *m, size_t i);

/* `at` is a label value's number for each label, 0 where there is none. Without a meter
 * nothing is counted. */
struct metric_at {
    size_t label[METRIC_LABELS_MAX];
};
#define METRIC_AT(...) ((struct metric_at){ { __VA_ARGS__ } })
void meter_add(struct meter *meter, size_t metric, struct metric_at at, uint64_t n);
void meter_set(struct meter *meter, size_t metric, struct metric_at at, uint64_t value);
void meter_observe(struct meter *meter, size_t metric, struct metric_at at, uint64_t microseconds);

/* The Prometheus text format, 0.0.4. Metrics of several labels leave out what has not been
 * counted yet. */
void metrics_write(const struct metrics *m, struct writer *w);
/* A metric that is no row, because what it says is known when it is asked for. */
void metrics_write_number(struct writer *w, const struct metric *metric, uint64_t value);
void metrics_write_seconds(struct writer *w, const struct metric *metric, uint64_t microseconds);
