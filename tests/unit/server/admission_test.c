#include "admission.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon_metrics.h"
#include "http_client.h"
#include "listener.h"
#include "rate_limit.h"
#include "samples.h"

/* A server with two limited routes and a client, on one loop. */
static uint64_t now_ms;
static struct bench {
    struct event_base *base;
    struct http_server *server;
    struct http_client *client;
    struct worker worker;
    struct daemon_metrics *metrics;
    char log[64];
    unsigned served;
    unsigned code;
    char body[256], retry[16];
} b;

static uint64_t hand_steady(void *arg)
{
    (void)arg;
    return now_ms;
}

static int64_t hand_wall(void *arg)
{
    (void)arg;
    return 0;
}

static const struct clock hand = { hand_wall, hand_steady, NULL };

static void on_address(struct http_exchange *ex, void *app)
{
    if (!admission_address(ex, app))
        return;
    b.served++;
    http_reply(ex, 204, NULL, NULL, 0, (struct slice){ NULL, 0 });
}

/* The query is the id of a registered client, or empty. */
static void on_client(struct http_exchange *ex, void *app)
{
    if (!admission_client(ex, app, http_request_head(ex)->query))
        return;
    b.served++;
    http_reply(ex, 204, NULL, NULL, 0, (struct slice){ NULL, 0 });
}

static const struct http_route routes[] = {
    { "GET", "/address", on_address },
    { "GET", "/client", on_client },
};

static void setup(void)
{
    static const char *const trusted[] = { "127.0.0.1" };
    const struct http_server_options options = { .routes = routes,
                                                 .route_count = 2,
                                                 .app = &b.worker,
                                                 .limits = &HTTP_SERVER_DEFAULTS,
                                                 .trusted_proxies = trusted,
                                                 .trusted_proxy_count = 1 };
    const struct rate_settings rates = {
        .rates = { [RATE_ADDRESS] = { 1, 3 }, [RATE_CLIENT] = { 1, 2 } },
        .ipv6_prefix = 64,
        .entries = 1024
    };
    const struct daemon_metrics_options metrics = { .threads = 1 };
    const char *why;
    char url[64];
    int fd;

    now_ms = 5000;
    strcpy(b.log, "/tmp/vouchsafe-admission-XXXXXX");
    close(mkstemp(b.log));
    b.base = event_base_new();
    cr_assert_eq(daemon_metrics_new(&metrics, &b.metrics), ST_OK);
    b.worker.meter = metrics_meter(daemon_metrics_of(b.metrics), 0);
    cr_assert_eq(log_new(b.log, LOG_INFO, &b.worker.log), ST_OK);
    cr_assert_eq(rate_limit_new(&rates, &hand, &b.worker.rates), ST_OK);
    cr_assert_eq(http_server_new(b.base, &options, &b.server), ST_OK);
    cr_assert_eq(listener_open("127.0.0.1:0", &fd, &why), ST_OK);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", listener_port(fd));
    cr_assert_eq(http_server_listen(b.server, fd, PROXY_NONE), ST_OK);
    struct url parsed;
    cr_assert_eq(url_read(slice_of(url), &parsed), ST_OK);
    cr_assert_eq(http_client_new(b.base, &parsed, &HTTP_CLIENT_DEFAULTS, NULL, NULL, &b.client),
                 ST_OK);
}

static void teardown(void)
{
    http_client_free(b.client);
    http_server_free(b.server);
    rate_limit_free(b.worker.rates);
    log_free(b.worker.log);
    daemon_metrics_free(b.metrics);
    event_base_free(b.base);
    unlink(b.log);
}

TestSuite(admission, .init = setup, .fini = teardown);

static void answered(void *arg, enum status st, const struct http_response *response)
{
    (void)arg;
    cr_assert_eq(st, ST_OK);
    b.code = response->head->code;
    cr_assert_eq(slice_copy_text(response->body, b.body, sizeof b.body), ST_OK);
    cr_assert_eq(
        slice_copy_text(http1_header_value(response->head, "Retry-After"), b.retry, sizeof b.retry),
        ST_OK);
    event_base_loopbreak(b.base);
}

static unsigned get(const char *target, const char *forwarded_for)
{
    const struct http1_header header = { SLICE_LIT("X-Forwarded-For"), slice_of(forwarded_for) };
    const struct http_call call = { .method = "GET",
                                    .target = slice_of(target),
                                    .headers = &header,
                                    .header_count = forwarded_for ? 1 : 0 };

    http_client_send(b.client, &call, answered, NULL);
    event_base_dispatch(b.base);
    return b.code;
}

static double limited(const char *by)
{
    char series[64];

    snprintf(series, sizeof series, "vouchsafe_rate_limited_total{by=\"%s\"}", by);
    return sample(daemon_metrics_of(b.metrics), series);
}

static unsigned logged(const char *word)
{
    char line[4096];
    unsigned count = 0;
    FILE *f = fopen(b.log, "r");

    while (fgets(line, sizeof line, f))
        count += strstr(line, word) != NULL;
    fclose(f);
    return count;
}

Test(admission, the_fourth_of_three_is_told_when_to_come_back)
{
    for (int i = 0; i < 3; i++)
        cr_assert_eq(get("/address", NULL), 204);
    cr_assert_eq(get("/address", NULL), 429);
    cr_assert_str_eq(b.retry, "1");
    cr_assert_not_null(strstr(b.body, "\"error\":\"temporarily_unavailable\""), "%s", b.body);
    cr_assert_eq(b.served, 3);
    cr_assert_eq(limited("address"), 1);
    now_ms += 1000;
    cr_assert_eq(get("/address", NULL), 204);
}

Test(admission, the_wait_is_computed)
{
    const struct rate_settings rates = { .rates = { [RATE_ADDRESS] = { 1, 1 } },
                                         .ipv6_prefix = 64 };

    cr_assert_eq(get("/address", NULL), 204);
    rate_limit_change(b.worker.rates, &rates);
    cr_assert_eq(get("/address", NULL), 429);
    cr_assert_str_eq(b.retry, "1");
    now_ms += 999;
    cr_assert_eq(get("/address", NULL), 429);
    cr_assert_str_eq(b.retry, "1", "never 0");
    now_ms += 1;
    cr_assert_eq(get("/address", NULL), 204);
}

Test(admission, who_asks_is_whom_the_proxy_names)
{
    for (int i = 0; i < 10; i++)
        cr_assert_eq(get("/address", "192.0.2.1"), i < 3 ? 204 : 429);
    cr_assert_eq(get("/address", "192.0.2.2"), 204);
    cr_assert_eq(get("/address", "192.0.2.1, 192.0.2.3"), 204, "what stands left proves nothing");
}

Test(admission, clients_are_apart_and_strangers_together)
{
    cr_assert_eq(get("/client?one", NULL), 204);
    cr_assert_eq(get("/client?one", NULL), 204);
    cr_assert_eq(get("/client?one", NULL), 429);
    cr_assert_eq(get("/client?two", NULL), 204);
    cr_assert_eq(get("/client", NULL), 204);
    cr_assert_eq(get("/client", NULL), 204);
    cr_assert_eq(get("/client", NULL), 429);
    cr_assert_eq(limited("client"), 1);
    cr_assert_eq(limited("unknown_client"), 1);
    cr_assert_eq(limited("address"), 0);
}

Test(admission, a_flood_is_a_line_a_second)
{
    for (int i = 0; i < 103; i++)
        get("/address", NULL);
    cr_assert_eq(logged("\"rate limited\""), 1);
    now_ms += 500;
    get("/address", NULL);
    cr_assert_eq(logged("\"rate limited\""), 1);
    now_ms += 500;
    get("/address", NULL);
    get("/address", NULL);
    cr_assert_eq(logged("\"by\":\"address\",\"path\":\"/address\",\"peer\":\"127.0.0.1\""), 2);
    cr_assert_eq(logged("\"more\":100}"), 1);
}
