#include "mediator_metrics.h"

#include <criterion/criterion.h>

#include "front.h"
#include "samples.h"

static struct daemon_metrics *d;
static struct metrics *m;
static struct meter *meter;

static void setup(void)
{
    const struct daemon_metrics_options options = { .own = MEDIATOR_METRICS,
                                                    .own_count = MEDIATOR_METRIC_COUNT,
                                                    .threads = 1 };

    cr_assert_eq(daemon_metrics_new(&options, &d), ST_OK);
    m = daemon_metrics_of(d);
    meter = metrics_meter(m, 0);
}

static void teardown(void)
{
    daemon_metrics_free(d);
}

TestSuite(mediator_metrics, .init = setup, .fini = teardown);

Test(mediator_metrics, every_verdict_has_a_series_of_its_own)
{
    char series[96];

    for (int r = 0; r < REFUSAL_COUNT; r++)
        count_verdict(meter, (enum refusal)r);
    for (int r = 0; r < REFUSAL_COUNT; r++) {
        cr_assert_not_null(refusal_name((enum refusal)r), "%d", r);
        snprintf(series, sizeof series, "vouchsafe_verdicts_total{verdict=\"%s\"}",
                 refusal_name((enum refusal)r));
        cr_assert_eq(sample(m, series), 1, "%s", series);
    }
}

Test(mediator_metrics, calls_by_endpoint_and_outcome)
{
    static const struct {
        enum endpoint_id to;
        enum status st;
        unsigned code;
        const char *labels;
    } cases[] = {
        { ENDPOINT_TOKEN, ST_OK, 200, "endpoint=\"token_endpoint\",outcome=\"2xx\"" },
        { ENDPOINT_TOKEN, ST_OK, 599, "endpoint=\"token_endpoint\",outcome=\"5xx\"" },
        { ENDPOINT_TOKEN, ST_OK, 100, "endpoint=\"token_endpoint\",outcome=\"1xx\"" },
        { ENDPOINT_TOKEN, ST_TIMEOUT, 0, "endpoint=\"token_endpoint\",outcome=\"timeout\"" },
        { ENDPOINT_COUNT, ST_OK, 404, "endpoint=\"metadata\",outcome=\"4xx\"" },
        { ENDPOINT_COUNT, ST_INTERNAL, 0, "endpoint=\"metadata\",outcome=\"internal\"" },
    };
    char series[128];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        count_upstream(meter, cases[i].to, cases[i].st, cases[i].code, 40000);
        snprintf(series, sizeof series, "vouchsafe_upstream_calls_total{%s}", cases[i].labels);
        cr_assert_eq(sample(m, series), 1, "%s", series);
    }
    cr_assert_eq(sample(m, "vouchsafe_upstream_seconds_count{endpoint=\"token_endpoint\"}"), 4);
}

Test(mediator_metrics, every_endpoint_has_a_path_of_its_own)
{
    for (size_t i = 0; i < FRONT_COUNT; i++) {
        cr_assert_not_null(front_path(i));
        for (size_t k = 0; k < i; k++)
            cr_assert_str_neq(front_path(i), front_path(k));
    }
}
