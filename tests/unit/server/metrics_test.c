#include "metrics.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>

#include "samples.h"

enum { PLAIN, LABELLED, PAIRS, LEVEL, TIME, ROWS };

static const char *const colours[] = { "red", "a \"quoted\\\" one" };
static const char *const sizes[] = { "small", "medium", "large" };

static const struct metric rows[ROWS] = {
    [PLAIN] = { "plain_total", "No labels.", METRIC_COUNTER, { { 0 } } },
    [LABELLED] = { "labelled_total", "One.", METRIC_COUNTER, { METRIC_WORDS("colour", colours) } },
    [PAIRS] = { "pairs_total",
                "Two.",
                METRIC_COUNTER,
                { METRIC_WORDS("colour", colours), METRIC_WORDS("size", sizes) } },
    [LEVEL] = { "level", "A gauge.", METRIC_GAUGE, { { 0 } } },
    [TIME] = { "time_seconds", "A histogram.", METRIC_HISTOGRAM, { METRIC_WORDS("size", sizes) } },
};

static struct metrics *m;

static void setup(void)
{
    cr_assert_eq(metrics_new(rows, ROWS, 3, &m), ST_OK);
}

static void teardown(void)
{
    metrics_free(m);
}

TestSuite(metrics, .init = setup, .fini = teardown);

/* It would count as something else. */
Test(metrics, a_label_out_of_range, .signal = SIGABRT)
{
    meter_add(metrics_meter(m, 0), LABELLED, METRIC_AT(2), 1);
}

Test(metrics, a_label_where_there_is_none, .signal = SIGABRT)
{
    meter_add(metrics_meter(m, 0), PLAIN, METRIC_AT(0, 1), 1);
}

Test(metrics, without_a_meter_nothing_happens)
{
    meter_add(NULL, PLAIN, METRIC_AT(0), 1);
    meter_set(NULL, LEVEL, METRIC_AT(0), 1);
    meter_observe(NULL, TIME, METRIC_AT(0), 1);
    cr_assert_null(metrics_meter(NULL, 0));
}

Test(metrics, nothing_counted_yet)
{
    cr_assert_eq(sample(m, "plain_total"), 0);
    cr_assert_eq(sample(m, "labelled_total{colour=\"red\"}"), 0);
    cr_assert_eq(sample(m, "pairs_total{colour=\"red\",size=\"small\"}"), -1,
                 "combinations appear as they happen");
    cr_assert_eq(sample(m, "time_seconds_count{size=\"small\"}"), 0);
}

Test(metrics, threads_add_up)
{
    for (size_t i = 0; i < 3; i++) {
        meter_add(metrics_meter(m, i), PLAIN, METRIC_AT(0), i + 1);
        meter_set(metrics_meter(m, i), LEVEL, METRIC_AT(0), 10 * i);
    }
    meter_set(metrics_meter(m, 2), LEVEL, METRIC_AT(0), 5);
    cr_assert_eq(sample(m, "plain_total"), 6);
    cr_assert_eq(sample(m, "level"), 15);
}

Test(metrics, each_series_is_its_own)
{
    for (size_t c = 0; c < 2; c++)
        for (size_t s = 0; s < 3; s++)
            meter_add(metrics_meter(m, 0), PAIRS, METRIC_AT(c, s), 10 * c + s + 1);
    cr_assert_eq(sample(m, "pairs_total{colour=\"red\",size=\"small\"}"), 1);
    cr_assert_eq(sample(m, "pairs_total{colour=\"red\",size=\"large\"}"), 3);
    cr_assert_eq(sample(m, "pairs_total{colour=\"a \\\"quoted\\\\\\\" one\",size=\"medium\"}"), 12);
    cr_assert_eq(sample(m, "plain_total"), 0);
    cr_assert_eq(sample(m, "labelled_total{colour=\"red\"}"), 0);
    cr_assert_eq(sample(m, "time_seconds_count{size=\"small\"}"), 0);
}

Test(metrics, a_histogram_from_both_sides_of_each_bound)
{
    struct meter *meter = metrics_meter(m, 1);
    double sum = 0;

    for (size_t i = 0; i < METRIC_BOUNDS; i++) {
        meter_observe(meter, TIME, METRIC_AT(1), METRIC_BOUNDS_US[i]);
        meter_observe(meter, TIME, METRIC_AT(1), METRIC_BOUNDS_US[i] + 1);
        sum += 2.0 * METRIC_BOUNDS_US[i] + 1;
    }
    cr_assert_eq(sample(m, "time_seconds_bucket{size=\"medium\",le=\"0.0001\"}"), 1);
    cr_assert_eq(sample(m, "time_seconds_bucket{size=\"medium\",le=\"0.00025\"}"), 3);
    cr_assert_eq(sample(m, "time_seconds_bucket{size=\"medium\",le=\"1\"}"), 25);
    cr_assert_eq(sample(m, "time_seconds_bucket{size=\"medium\",le=\"10\"}"), 31);
    cr_assert_eq(sample(m, "time_seconds_bucket{size=\"medium\",le=\"+Inf\"}"), 32);
    cr_assert_eq(sample(m, "time_seconds_count{size=\"medium\"}"), 32);
    cr_assert_float_eq(sample(m, "time_seconds_sum{size=\"medium\"}"), sum / 1e6, 1e-9);
    cr_assert_eq(sample(m, "time_seconds_count{size=\"large\"}"), 0);
}

Test(metrics, the_text_to_the_letter)
{
    static const struct metric row = { "n_total", "Help.", METRIC_COUNTER, { { 0 } } };
    char text[512];
    struct writer w = writer_over(text, sizeof text - 1);

    metrics_write_number(&w, &row, UINT64_MAX);
    metrics_write_seconds(&w, &row, 12000034);
    text[w.len] = '\0';
    cr_assert_str_eq(text, "# HELP n_total Help.\n# TYPE n_total counter\n"
                           "n_total 18446744073709551615\n"
                           "# HELP n_total Help.\n# TYPE n_total counter\nn_total 12.000034\n");
    cr_assert_not_null(strstr(samples_text(m), "# HELP level A gauge.\n# TYPE level gauge\n"
                                               "level 0\n# HELP time_seconds A histogram.\n"
                                               "# TYPE time_seconds histogram\n"
                                               "time_seconds_bucket{size=\"small\",le=\"0.0001\"} "
                                               "0\n"));
}

enum { TIMES = 200000 };

static void *count(void *meter)
{
    for (int i = 0; i < TIMES; i++) {
        meter_add(meter, PLAIN, METRIC_AT(0), 1);
        meter_observe(meter, TIME, METRIC_AT(0), 7);
    }
    return NULL;
}

Test(metrics, nothing_is_lost_between_threads)
{
    pthread_t threads[3];
    double before = 0;

    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, count, metrics_meter(m, i)), 0);
    for (int i = 0; i < 20; i++) {
        double now = sample(m, "plain_total");
        cr_assert_geq(now, before, "a counter never falls");
        before = now;
    }
    for (size_t i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(sample(m, "plain_total"), 3 * TIMES);
    cr_assert_eq(sample(m, "time_seconds_count{size=\"small\"}"), 3 * TIMES);
}
