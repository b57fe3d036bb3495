#include "metrics.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CACHE_LINE = 64, SUM = METRIC_BOUNDS + 1, HISTOGRAM_CELLS = METRIC_BOUNDS + 2 };

const uint32_t METRIC_BOUNDS_US[METRIC_BOUNDS] = { 100,     250,     500,     1000,
                                                   2500,    5000,    10000,   25000,
                                                   50000,   100000,  250000,  500000,
                                                   1000000, 2500000, 5000000, 10000000 };

/* One thread's: nobody else writes, so that a load and a store make an addition. */
struct meter {
    const struct metrics *metrics;
    _Alignas(CACHE_LINE) _Atomic uint64_t cells[];
};

struct metrics {
    const struct metric *rows;
    size_t count;
    size_t *first; /* cell of each row */
    size_t cells;
    size_t threads;
    struct meter **meters;
};

const char *metric_word(const void *words, size_t i)
{
    return ((const char *const *)words)[i];
}

static size_t values_of(const struct metric_label *label)
{
    return label->name ? label->count : 1;
}

static size_t series_of(const struct metric *row)
{
    size_t n = 1;

    for (size_t i = 0; i < METRIC_LABELS_MAX; i++)
        n *= values_of(&row->labels[i]);
    return n;
}

/* Of one series: for a histogram, those up to each bound, those above all, and the sum. */
static size_t cells_of(const struct metric *row)
{
    return row->type == METRIC_HISTOGRAM ? HISTOGRAM_CELLS : 1;
}

static struct meter *meter_new(const struct metrics *m)
{
    size_t size = sizeof(struct meter) + m->cells * sizeof(uint64_t);

    size = (size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    struct meter *meter = aligned_alloc(CACHE_LINE, size);
    if (!meter)
        return NULL;
    memset(meter, 0, size);
    meter->metrics = m;
    return meter;
}

static enum status fill(struct metrics *m, size_t threads)
{
    m->first = calloc(m->count, sizeof *m->first);
    m->meters = calloc(threads, sizeof(struct meter *));
    if (!m->first || !m->meters)
        return ST_NO_MEMORY;
    for (size_t i = 0; i < m->count; i++) {
        m->first[i] = m->cells;
        m->cells += series_of(&m->rows[i]) * cells_of(&m->rows[i]);
    }
    for (; m->threads < threads; m->threads++) {
        m->meters[m->threads] = meter_new(m);
        if (!m->meters[m->threads])
            return ST_NO_MEMORY;
    }
    return ST_OK;
}

enum status metrics_new(const struct metric *rows, size_t count, size_t threads,
                        struct metrics **out)
{
    struct metrics *m = calloc(1, sizeof *m);

    if (!m)
        return ST_NO_MEMORY;
    m->rows = rows;
    m->count = count;
    enum status st = fill(m, threads);
    if (st)
        metrics_free(m);
    else
        *out = m;
    return st;
}

void metrics_free(struct metrics *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->threads; i++)
        free(m->meters[i]);
    free(m->meters);
    free(m->first);
    free(m);
}

struct meter *metrics_meter(struct metrics *m, size_t i)
{
    return m ? m->meters[i] : NULL;
}

/* --- counting --- */

static _Atomic uint64_t *cell_at(struct meter *meter, size_t metric, struct metric_at at)
{
    const struct metric *row = &meter->metrics->rows[metric];
    size_t n = 0;

    for (size_t i = 0; i < METRIC_LABELS_MAX; i++) {
        if (at.label[i] >= values_of(&row->labels[i]))
            abort(); /* it would count as something else */
        n = n * values_of(&row->labels[i]) + at.label[i];
    }
    return &meter->cells[meter->metrics->first[metric] + n * cells_of(row)];
}

static void add(_Atomic uint64_t *cell, uint64_t n)
{
    atomic_store_explicit(cell, atomic_load_explicit(cell, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

void meter_add(struct meter *meter, size_t metric, struct metric_at at, uint64_t n)
{
    if (meter)
        add(cell_at(meter, metric, at), n);
}

void meter_set(struct meter *meter, size_t metric, struct metric_at at, uint64_t value)
{
    if (meter)
        atomic_store_explicit(cell_at(meter, metric, at), value, memory_order_relaxed);
}

void meter_observe(struct meter *meter, size_t metric, struct metric_at at, uint64_t microseconds)
{
    size_t i = 0;

    if (!meter)
        return;
    while (i < METRIC_BOUNDS && microseconds > METRIC_BOUNDS_US[i])
        i++;
    _Atomic uint64_t *cells = cell_at(meter, metric, at);
    add(&cells[i], 1);
    add(&cells[SUM], microseconds);
}

static uint64_t total(const struct metrics *m, size_t cell)
{
    uint64_t n = 0;

    for (size_t i = 0; i < m->threads; i++)
        n += atomic_load_explicit(&m->meters[i]->cells[cell], memory_order_relaxed);
    return n;
}

/* --- the text format --- */

static void write_family(struct writer *w, const struct metric *row)
{
    static const char *const types[] = {
        [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"
    };

    writer_text(w, "# HELP ");
    writer_text(w, row->name);
    writer_byte(w, ' ');
    writer_text(w, row->help);
    writer_text(w, "\n# TYPE ");
    writer_text(w, row->name);
    writer_byte(w, ' ');
    writer_text(w, types[row->type]);
    writer_byte(w, '\n');
}

static void write_label(struct writer *w, const char *name, const char *value, bool first)
{
    writer_byte(w, first ? '{' : ',');
    writer_text(w, name);
    writer_text(w, "=\"");
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            writer_byte(w, '\\');
        writer_byte(w, (uint8_t)*value);
    }
    writer_byte(w, '"');
}

/* Name and labels of series n, and of a histogram's bucket its bound `le`. */
static void write_head(struct writer *w, const struct metric *row, size_t n, const char *suffix,
                       const char *le)
{
    size_t stride = series_of(row);
    bool first = true;

    writer_text(w, row->name);
    writer_text(w, suffix);
    for (size_t i = 0; i < METRIC_LABELS_MAX && row->labels[i].name; i++) {
        const struct metric_label *label = &row->labels[i];
        stride /= label->count;
        write_label(w, label->name, label->value(label->arg, n / stride % label->count), first);
        first = false;
    }
    if (le)
        write_label(w, "le", le, first);
    writer_text(w, first && !le ? " " : "} ");
}

static void write_number(struct writer *w, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%llu\n", (unsigned long long)value);
    writer_text(w, text);
}

static void write_microseconds(struct writer *w, uint64_t us)
{
    char text[32];

    snprintf(text, sizeof text, "%llu.%06llu\n", (unsigned long long)us / 1000000,
             (unsigned long long)us % 1000000);
    writer_text(w, text);
}

static void write_histogram(const struct metrics *m, const struct metric *row, size_t n,
                            size_t cell, struct writer *w)
{
    char bound[24];
    uint64_t count = 0;

    for (size_t i = 0; i < METRIC_BOUNDS; i++) {
        count += total(m, cell + i);
        snprintf(bound, sizeof bound, "%g", METRIC_BOUNDS_US[i] / 1e6);
        write_head(w, row, n, "_bucket", bound);
        write_number(w, count);
    }
    count += total(m, cell + METRIC_BOUNDS);
    write_head(w, row, n, "_bucket", "+Inf");
    write_number(w, count);
    write_head(w, row, n, "_sum", NULL);
    write_microseconds(w, total(m, cell + SUM));
    write_head(w, row, n, "_count", NULL);
    write_number(w, count);
}

/* Most of the combinations of several labels never happen. */
static bool is_left_out(const struct metric *row, uint64_t value)
{
    return value == 0 && row->labels[1].name;
}

static void write_row(const struct metrics *m, size_t i, struct writer *w)
{
    const struct metric *row = &m->rows[i];
    size_t series = series_of(row);

    write_family(w, row);
    for (size_t n = 0; n < series; n++) {
        size_t cell = m->first[i] + n * cells_of(row);
        if (row->type == METRIC_HISTOGRAM) {
            write_histogram(m, row, n, cell, w);
        } else if (!is_left_out(row, total(m, cell))) {
            write_head(w, row, n, "", NULL);
            write_number(w, total(m, cell));
        }
    }
}

void metrics_write(const struct metrics *m, struct writer *w)
{
    for (size_t i = 0; i < m->count; i++)
        write_row(m, i, w);
}

void metrics_write_number(struct writer *w, const struct metric *metric, uint64_t value)
{
    write_family(w, metric);
    write_head(w, metric, 0, "", NULL);
    write_number(w, value);
}

void metrics_write_seconds(struct writer *w, const struct metric *metric, uint64_t microseconds)
{
    write_family(w, metric);
    write_head(w, metric, 0, "", NULL);
    write_microseconds(w, microseconds);
}
