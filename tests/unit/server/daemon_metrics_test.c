#include "daemon_metrics.h"

#include <criterion/criterion.h>

#include "samples.h"

static const struct http_route routes[] = { { "GET", "/a", NULL }, { "*", "/*", NULL } };
static const char *const own_words[] = { "x", "y" };
static const struct metric own = {
    "own_total", "Own.", METRIC_COUNTER, { METRIC_WORDS("word", own_words) }
};
static struct daemon_metrics *d;
static struct metrics *m;
static struct meter *meter;

static const char *endpoint(size_t i)
{
    return i ? "/token" : "/par";
}

static void setup(void)
{
    const struct daemon_metrics_options options = { .routes = routes,
                                                    .route_count = 2,
                                                    .endpoint_path = endpoint,
                                                    .endpoint_count = 2,
                                                    .own = &own,
                                                    .own_count = 1,
                                                    .threads = 1 };

    cr_assert_eq(daemon_metrics_new(&options, &d), ST_OK);
    m = daemon_metrics_of(d);
    meter = metrics_meter(m, 0);
}

static void teardown(void)
{
    daemon_metrics_free(d);
}

TestSuite(daemon_metrics, .init = setup, .fini = teardown);

Test(daemon_metrics, requests_by_route_and_code)
{
    static const struct {
        size_t route;
        unsigned code;
        const char *series;
    } cases[] = {
        { 0, 200, "vouchsafe_http_requests_total{route=\"/a\",code=\"200\"}" },
        { 1, 429, "vouchsafe_http_requests_total{route=\"/*\",code=\"429\"}" },
        { 2, 404, "vouchsafe_http_requests_total{route=\"none\",code=\"404\"}" },
        { 3, 505, "vouchsafe_http_requests_total{route=\"/par\",code=\"505\"}" },
        { 4, 418, "vouchsafe_http_requests_total{route=\"/token\",code=\"other\"}" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        METER_OBSERVER.replied(meter, cases[i].route, cases[i].code, 300);
        cr_expect_eq(sample(m, cases[i].series), 1, "%s", cases[i].series);
    }
    cr_assert_eq(sample(m, "vouchsafe_http_request_seconds_count{route=\"/par\"}"), 1);
    cr_assert_eq(sample(m, "vouchsafe_http_request_seconds_sum{route=\"/par\"}"), 0.0003);
}

/* The words stand in a list of their own beside the codes. */
Test(daemon_metrics, every_code_is_counted_as_itself_or_as_another)
{
    char series[80];
    unsigned others = 0;

    for (unsigned code = 100; code < 600; code++)
        METER_OBSERVER.replied(meter, 0, code, 0);
    for (unsigned code = 100; code < 600; code++) {
        snprintf(series, sizeof series, "vouchsafe_http_requests_total{route=\"/a\",code=\"%u\"}",
                 code);
        double n = sample(m, series);
        cr_assert(n == 1 || n == -1, "%s", series);
        others += n == -1;
    }
    cr_assert_eq(sample(m, "vouchsafe_http_requests_total{route=\"/a\",code=\"other\"}"), others);
}

Test(daemon_metrics, the_rest)
{
    METER_OBSERVER.connections(meter, 7);
    METER_OBSERVER.connections(meter, 3);
    meter_add(meter, METRIC_RATE_LIMITED, METRIC_AT(LIMITED_UNKNOWN_CLIENT), 1);
    meter_add(meter, METRIC_RELOADS, METRIC_AT(RELOAD_FAILED), 2);
    meter_store_call(meter, STORE_TAKE, STORE_BINDING, ST_LOST, 1000);
    meter_add(meter, METRICS_OWN, METRIC_AT(1), 5);
    cr_assert_eq(sample(m, "vouchsafe_http_connections"), 3);
    cr_assert_eq(sample(m, "vouchsafe_rate_limited_total{by=\"unknown_client\"}"), 1);
    cr_assert_eq(sample(m, "vouchsafe_reloads_total{outcome=\"failed\"}"), 2);
    cr_assert_eq(sample(m, "vouchsafe_store_calls_total{call=\"take\",space=\"binding\","
                           "outcome=\"lost\"}"),
                 1);
    cr_assert_eq(sample(m, "vouchsafe_store_seconds_sum{call=\"take\"}"), 0.001);
    cr_assert_eq(sample(m, "own_total{word=\"y\"}"), 5);
}
