/* async.c, async_calls.c, call.c, exchange.c and names.c on a real loop, against a scripted peer.
 */
#include <criterion/criterion.h>
#include <event2/event.h>

#include "sdk_peer.h"
#include "vouchsafe/client_event.h"

static struct event_base *base;

static void setup(void)
{
    base = event_base_new();
}

static void teardown(void)
{
    event_base_free(base);
}

TestSuite(async, .init = setup, .fini = teardown);

/* What a callback was told. */
struct told {
    int calls;
    enum vouchsafe_error error;
    char text[VOUCHSAFE_TOKEN_MAX + 1];
    int code;
};

static void on_token(void *arg, enum vouchsafe_error error, const char *token)
{
    struct told *told = arg;

    told->calls++;
    told->error = error;
    cr_assert_eq(!token, !!error);
    snprintf(told->text, sizeof told->text, "%s", token ? token : "");
}

static void on_headers(void *arg, enum vouchsafe_error error, const struct vouchsafe_headers *h)
{
    struct told *told = arg;

    told->calls++;
    told->error = error;
    cr_assert_eq(!h, !!error);
    snprintf(told->text, sizeof told->text, "%s", h ? h->pop : "");
}

static void on_response(void *arg, enum vouchsafe_error error, const struct vouchsafe_response *r)
{
    struct told *told = arg;

    told->calls++;
    told->error = error;
    cr_assert_eq(!r, !!error);
    snprintf(told->text, sizeof told->text, "%s", r ? r->body : "");
    told->code = r ? r->code : 0;
}

static struct vouchsafe_async *client_with(struct vouchsafe_config config)
{
    struct vouchsafe_async *client;

    config.client_id = "app";
    if (!config.attestd_url)
        config.attestd_url = url;
    if (!config.total_timeout_ms)
        config.total_timeout_ms = 2000;
    cr_assert_eq(vouchsafe_async_new(&config, base, &client), VOUCHSAFE_OK);
    return client;
}

static struct vouchsafe_async *client_of(const char *attestd)
{
    return client_with((struct vouchsafe_config){ .attestd_url = attestd });
}

static void play_attestd(void)
{
    start_peer();
    script[0] = reply(texts[0], 201, "", CHALLENGE);
    script[1] = reply(texts[1], 200, "", TOKEN("300"));
}

/* Until nothing is due: the client itself keeps no loop alive. */
static void run(void)
{
    cr_assert_geq(event_base_dispatch(base), 0);
}

static void ask(struct vouchsafe_async *client, struct told *told)
{
    int before = told->calls;

    cr_assert_eq(vouchsafe_async_token(client, on_token, told), VOUCHSAFE_OK);
    cr_assert_eq(told->calls, before, "never before the call has returned");
}

Test(async, configurations_that_cannot_work)
{
    static const struct vouchsafe_config bad[] = {
        { .attestd_url = NULL, .client_id = "app" },
        { .attestd_url = "http://a", .client_id = NULL },
        { .attestd_url = "http://a", .client_id = "app", .ca_file = "/nowhere" },
        { .attestd_url = "http://a", .client_id = "app", .backoff_min_ms = -1 },
    };
    struct vouchsafe_async *client;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(vouchsafe_async_new(&bad[i], base, &client), VOUCHSAFE_BAD_ARGUMENT, "%zu", i);
}

Test(async, a_thousand_calls_share_one_attestation)
{
    static struct told told[1000];

    play_attestd();
    struct vouchsafe_async *client = client_of(url);
    for (int i = 0; i < 1000; i++)
        ask(client, &told[i]);
    run();
    for (int i = 0; i < 1000; i++) {
        cr_assert_eq(told[i].calls, 1);
        cr_assert_eq(told[i].error, VOUCHSAFE_OK);
        cr_assert_str_eq(told[i].text, "a.b.c");
    }
    cr_assert_eq(requests, 2);
    ask(client, &told[0]);
    run();
    cr_assert_eq(requests, 2, "it is still good");
    script[2] = script[0];
    script[3] = script[1];
    cr_assert_eq(vouchsafe_async_attest(client, on_token, &told[0]), VOUCHSAFE_OK);
    run();
    cr_assert_eq(told[0].calls, 3);
    cr_assert_eq(requests, 4);
    vouchsafe_async_free(client);
}

Test(async, every_failure_comes_through_the_callback)
{
    static const struct {
        int code;
        const char *body;
        enum vouchsafe_error error;
    } cases[] = {
        { 403, "{\"error\":\"attestation_failed\",\"error_id\":\"abc\"}", VOUCHSAFE_REFUSED },
        { 503, "{\"error\":\"busy\",\"error_id\":\"abc\"}", VOUCHSAFE_UNAVAILABLE },
        { 201, "{\"challenge\":1}", VOUCHSAFE_BAD_ANSWER },
        { 302, "{}", VOUCHSAFE_BAD_ANSWER },
    };

    start_peer();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct vouchsafe_async *client = client_of(url);
        struct vouchsafe_refusal refusal;
        struct told told = { 0 };
        script[0] = reply(texts[0], cases[i].code, "", cases[i].body);
        ask(client, &told);
        run();
        cr_assert_eq(told.calls, 1);
        cr_assert_eq(told.error, cases[i].error, "%zu: %d", i, told.error);
        vouchsafe_async_refusal(client, &refusal);
        if (i < 2)
            cr_assert_str_eq(refusal.error_id, "abc");
        vouchsafe_async_free(client);
    }
}

Test(async, answers_that_are_none)
{
    static const char *const bad[] = { "SSH-2.0-x\r\n\r\n", "",
                                       "HTTP/1.1 201 x\r\nContent-Length: 500\r\n\r\n{}",
                                       "HTTP/1.1 201 x\r\nContent-Length: 99999999\r\n\r\n" };

    start_peer();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct vouchsafe_async *client = client_of(url);
        struct told told = { 0 };
        script[0] = bad[i];
        ask(client, &told);
        run();
        cr_assert_eq(told.error, VOUCHSAFE_BAD_ANSWER, "%s", bad[i]);
        vouchsafe_async_free(client);
    }
}

Test(async, nobody_there_and_nobody_answering)
{
    struct vouchsafe_async *client = client_of("http://127.0.0.1:1");
    struct told told = { 0 };

    ask(client, &told);
    run();
    cr_assert_eq(told.error, VOUCHSAFE_UNREACHABLE);
    vouchsafe_async_free(client);
    int silent = start_silent();
    client = client_with((struct vouchsafe_config){ .total_timeout_ms = 50 });
    ask(client, &told);
    run();
    cr_assert_eq(told.error, VOUCHSAFE_TIMEOUT);
    cr_assert_eq(told.calls, 2);
    vouchsafe_async_free(client);
    close(silent);
}

Test(async, a_server_that_says_later_is_left_alone)
{
    struct vouchsafe_refusal refusal;
    struct told told = { 0 };

    start_peer();
    script[0] = reply(texts[0], 429, "Retry-After: 60\r\n", "{\"error\":\"slow_down\"}");
    struct vouchsafe_async *client = client_of(url);
    for (int i = 1; i <= 5; i++) {
        ask(client, &told);
        run();
        cr_assert_eq(told.error, VOUCHSAFE_UNAVAILABLE);
        cr_assert_eq(told.calls, i);
    }
    vouchsafe_async_refusal(client, &refusal);
    cr_assert(refusal.retry_after_s >= 59 && refusal.retry_after_s <= 61);
    cr_assert_eq(requests, 1);
    vouchsafe_async_free(client);
}

Test(async, a_renewal_ahead_of_time_is_in_nobodys_way)
{
    struct told told = { 0 };

    play_attestd();
    script[2] = reply(texts[2], 201, "", CHALLENGE);
    script[3] = reply(texts[3], 200, "", "{\"integrity_token\":\"d.e.f\",\"expires_in\":300}");
    struct vouchsafe_async *client =
        client_with((struct vouchsafe_config){ .refresh_before_s = 300, .attestd_url = url });
    ask(client, &told);
    run();
    /* The window is the second half of its life. */
    cr_assert_str_eq(told.text, "a.b.c");
    ask(client, &told);
    run();
    cr_assert_eq(requests, 2);
    vouchsafe_async_free(client);

    script[1] = reply(texts[1], 200, "", TOKEN("1"));
    requests = 0;
    client = client_of(url);
    ask(client, &told);
    run();
    usleep(600000);
    ask(client, &told);
    event_base_loop(base, EVLOOP_ONCE);
    cr_assert_eq(told.calls, 4);
    cr_assert_str_eq(told.text, "a.b.c", "at once, while the renewal is on its way");
    run();
    ask(client, &told);
    run();
    cr_assert_str_eq(told.text, "d.e.f");
    cr_assert_eq(requests, 4);
    vouchsafe_async_free(client);
}

Test(async, headers_and_posts)
{
    struct told a = { 0 }, b = { 0 }, posted = { 0 };

    play_attestd();
    struct vouchsafe_async *client = client_of(url);
    cr_assert_eq(vouchsafe_async_headers(client, "https://as", NULL, on_headers, &a), VOUCHSAFE_OK);
    cr_assert_eq(vouchsafe_async_headers(client, "https://as", "c", on_headers, &b), VOUCHSAFE_OK);
    run();
    cr_assert_eq(a.error, VOUCHSAFE_OK);
    cr_assert_str_neq(a.text, b.text, "a proof is good once");
    script[2] = reply(texts[2], 418, "", "{\"a\":1}");
    cr_assert_eq(vouchsafe_async_post(client, url, "https://as", "a=%7D}", on_response, &posted),
                 VOUCHSAFE_OK);
    run();
    cr_assert_eq(posted.error, VOUCHSAFE_OK);
    cr_assert_eq(posted.code, 418);
    cr_assert_str_eq(posted.text, "{\"a\":1}");
    cr_assert_eq(vouchsafe_async_post(client, "nowhere", "https://as", "", on_response, &posted),
                 VOUCHSAFE_OK);
    run();
    cr_assert_eq(posted.error, VOUCHSAFE_BAD_ARGUMENT);
    cr_assert_eq(posted.calls, 2);
    vouchsafe_async_free(client);
}

static void count_beat(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    ++*(int *)arg;
}

Test(async, the_loop_goes_on_meanwhile)
{
    const struct timeval interval = { .tv_usec = 2000 };
    struct told told = { 0 };
    int beats = 0;

    play_attestd(); /* takes 20 ms for each of the two requests */
    struct vouchsafe_async *client = client_of(url);
    struct event *beat = event_new(base, -1, EV_PERSIST, count_beat, &beats);
    event_add(beat, &interval);
    ask(client, &told);
    while (told.calls == 0)
        event_base_loop(base, EVLOOP_ONCE);
    cr_assert_geq(beats, 8, "%d", beats);
    event_free(beat);
    vouchsafe_async_free(client);
}

Test(async, names_are_resolved_and_their_addresses_tried_in_turn)
{
    struct told told = { 0 };
    char named[64];

    play_attestd(); /* listens on 127.0.0.1 alone, whatever else localhost is */
    snprintf(named, sizeof named, "http://localhost:%u", port);
    struct vouchsafe_async *client = client_of(named);
    ask(client, &told);
    run();
    cr_assert_eq(told.error, VOUCHSAFE_OK);
    vouchsafe_async_free(client);
}

Test(async, a_name_that_nobody_knows)
{
    const struct vouchsafe_config config = { .attestd_url = "http://nobody.invalid",
                                             .total_timeout_ms = 300 };
    struct vouchsafe_async *client = client_with(config);
    struct told told = { 0 };

    ask(client, &told);
    run();
    cr_assert(told.error == VOUCHSAFE_UNREACHABLE || told.error == VOUCHSAFE_TIMEOUT);
    cr_assert_eq(told.calls, 1);
    vouchsafe_async_free(client);
    /* Freed with the question open. */
    client = client_with(config);
    ask(client, &told);
    event_base_loop(base, EVLOOP_NONBLOCK);
    event_base_loop(base, EVLOOP_NONBLOCK);
    vouchsafe_async_free(client);
    cr_assert_eq(told.calls, 2);
    run();
    cr_assert_eq(told.calls, 2);
}

/* Frees the client that it is told of. */
struct freeing {
    struct vouchsafe_async *client;
    int calls;
};

static void on_token_free(void *arg, enum vouchsafe_error error, const char *token)
{
    struct freeing *f = arg;

    (void)error;
    (void)token;
    f->calls++;
    vouchsafe_async_free(f->client);
}

static void on_cancelled_ask(void *arg, enum vouchsafe_error error, const char *token)
{
    struct freeing *f = arg;

    (void)token;
    f->calls++;
    cr_assert_eq(error, VOUCHSAFE_CANCELLED);
    cr_assert_eq(vouchsafe_async_token(f->client, on_cancelled_ask, f), VOUCHSAFE_CANCELLED);
}

#define ASSERTION "{\"client_assertion\":\"x.y.z\",\"expires_in\":60}"

/* Assertions are fetched one after the other, and who waits for a token does not take one for it.
 */
Test(async, assertions_and_tokens_take_turns)
{
    struct told told[4] = { 0 };

    start_peer();
    for (int i = 0; i < 8; i += 2)
        script[i] = reply(texts[i], 201, "", CHALLENGE);
    script[1] = script[5] = reply(texts[1], 200, "", ASSERTION);
    script[3] = reply(texts[3], 200, "", TOKEN("300"));
    script[7] = reply(texts[7], 200, "", "{\"ear\":\"e.a.r\",\"expires_in\":300}");
    struct vouchsafe_async *client = client_of(url);
    cr_assert_eq(vouchsafe_async_assertion(client, "https://as", on_token, &told[0]), VOUCHSAFE_OK);
    ask(client, &told[1]);
    cr_assert_eq(vouchsafe_async_assertion(client, "https://as", on_token, &told[2]), VOUCHSAFE_OK);
    cr_assert_eq(vouchsafe_async_ear(client, on_token, &told[3]), VOUCHSAFE_OK);
    run();
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(told[i].calls, 1, "%d", i);
        cr_assert_eq(told[i].error, VOUCHSAFE_OK, "%d", i);
    }
    cr_assert_str_eq(told[0].text, "x.y.z");
    cr_assert_str_eq(told[1].text, "a.b.c");
    cr_assert_str_eq(told[2].text, "x.y.z");
    cr_assert_str_eq(told[3].text, "e.a.r");
    cr_assert_eq(requests, 8);
    vouchsafe_async_free(client);
}

Test(async, assertions_that_fail)
{
    struct told told[4] = { 0 };

    start_peer();
    script[0] = script[2] = script[4] = reply(texts[0], 201, "", CHALLENGE);
    script[1] = reply(texts[1], 400, "", "{\"error\":\"invalid_request\",\"error_id\":\"i\"}");
    script[3] = reply(texts[3], 200, "", TOKEN("300"));
    script[5] = reply(texts[5], 503, "Retry-After: 100\r\n", "{}");
    struct vouchsafe_async *client = client_of(url);
    cr_assert_eq(vouchsafe_async_assertion(client, "", on_token, &told[0]), VOUCHSAFE_OK);
    cr_assert_eq(vouchsafe_async_assertion(client, "https://evil", on_token, &told[1]),
                 VOUCHSAFE_OK);
    ask(client, &told[2]);
    run();
    cr_assert_eq(told[0].error, VOUCHSAFE_BAD_ARGUMENT);
    cr_assert_eq(told[1].error, VOUCHSAFE_BAD_ARGUMENT);
    cr_assert_eq(told[2].error, VOUCHSAFE_OK, "who waits for a token gets one");
    cr_assert_eq(requests, 4);
    for (int i = 0; i < 2; i++)
        cr_assert_eq(vouchsafe_async_assertion(client, "https://as", on_token, &told[3]),
                     VOUCHSAFE_OK);
    run();
    cr_assert_eq(told[3].calls, 2);
    cr_assert_eq(told[3].error, VOUCHSAFE_UNAVAILABLE);
    cr_assert_eq(requests, 6, "the second one was held back");
    vouchsafe_async_free(client);
}

Test(async, freeing_cancels_assertions)
{
    for (int turns = 0; turns < 4; turns++) {
        struct told told[2] = { 0 };
        int silent = start_silent();
        struct vouchsafe_async *client = client_of(url);
        for (int i = 0; i < 2; i++)
            cr_assert_eq(vouchsafe_async_assertion(client, "https://as", on_token, &told[i]),
                         VOUCHSAFE_OK);
        for (int i = 0; i < turns; i++)
            event_base_loop(base, EVLOOP_NONBLOCK);
        vouchsafe_async_free(client);
        for (int i = 0; i < 2; i++) {
            cr_assert_eq(told[i].calls, 1, "%d after %d turns", i, turns);
            cr_assert_eq(told[i].error, VOUCHSAFE_CANCELLED);
        }
        run();
        close(silent);
    }
}

Test(async, freeing_cancels_what_is_due)
{
    struct told told[4] = { 0 };

    for (int turns = 0; turns < 4; turns++) {
        int silent = start_silent();
        struct vouchsafe_async *client = client_of(url);
        struct freeing asking = { .client = client };
        memset(told, 0, sizeof told);
        ask(client, &told[0]);
        cr_assert_eq(vouchsafe_async_headers(client, "a", NULL, on_headers, &told[1]),
                     VOUCHSAFE_OK);
        for (int i = 0; i < turns; i++)
            event_base_loop(base, EVLOOP_NONBLOCK);
        cr_assert_eq(vouchsafe_async_post(client, url, "a", "", on_response, &told[2]),
                     VOUCHSAFE_OK);
        cr_assert_eq(vouchsafe_async_token(client, on_cancelled_ask, &asking), VOUCHSAFE_OK);
        vouchsafe_async_free(client);
        for (int i = 0; i < 3; i++) {
            cr_assert_eq(told[i].calls, 1, "%d after %d turns", i, turns);
            cr_assert_eq(told[i].error, VOUCHSAFE_CANCELLED);
        }
        cr_assert_eq(asking.calls, 1);
        run();
        cr_assert_eq(told[0].calls, 1);
        close(silent);
    }
}

Test(async, a_post_under_way_is_cancelled_too)
{
    struct told posted = { 0 };
    char elsewhere[64];

    play_attestd();
    struct vouchsafe_async *client = client_of(url);
    int silent = start_silent();
    snprintf(elsewhere, sizeof elsewhere, "%s", url);
    cr_assert_eq(vouchsafe_async_post(client, elsewhere, "a", "x", on_response, &posted),
                 VOUCHSAFE_OK);
    while (requests < 2)
        event_base_loop(base, EVLOOP_ONCE);
    for (int i = 0; i < 20; i++) {
        event_base_loop(base, EVLOOP_NONBLOCK);
        usleep(2000);
    }
    cr_assert_eq(posted.calls, 0);
    vouchsafe_async_free(client);
    cr_assert_eq(posted.calls, 1);
    cr_assert_eq(posted.error, VOUCHSAFE_CANCELLED);
    run();
    close(silent);
}

Test(async, a_callback_may_free_the_client)
{
    struct told told[3] = { 0 };

    for (int asked = 0; asked < 2; asked++) {
        play_attestd();
        requests = 0;
        struct freeing f = { .client = client_of(url) };
        memset(told, 0, sizeof told);
        if (asked) { /* the token is there already: from another place of the loop */
            ask(f.client, &told[2]);
            run();
        }
        ask(f.client, &told[0]);
        cr_assert_eq(vouchsafe_async_token(f.client, on_token_free, &f), VOUCHSAFE_OK);
        ask(f.client, &told[1]);
        run();
        cr_assert_eq(f.calls, 1);
        cr_assert_eq(told[0].error, VOUCHSAFE_OK);
        cr_assert_eq(told[1].error, VOUCHSAFE_CANCELLED);
        cr_assert_eq(told[1].calls, 1);
    }
}

Test(async, a_callback_may_free_the_client_that_found_no_address)
{
    struct freeing f = { .calls = 0 };

    f.client = client_with((struct vouchsafe_config){ .attestd_url = "http://nobody.invalid",
                                                      .total_timeout_ms = 300 });
    cr_assert_eq(vouchsafe_async_token(f.client, on_token_free, &f), VOUCHSAFE_OK);
    run();
    cr_assert_eq(f.calls, 1);
}

/* Asks again from its own callback, five times. */
struct repeating {
    struct vouchsafe_async *client;
    int calls;
};

static void on_token_again(void *arg, enum vouchsafe_error error, const char *token)
{
    struct repeating *r = arg;

    (void)token;
    cr_assert_eq(error, VOUCHSAFE_OK);
    if (++r->calls < 5)
        cr_assert_eq(vouchsafe_async_token(r->client, on_token_again, r), VOUCHSAFE_OK);
    cr_assert_leq(r->calls, 5);
}

Test(async, a_callback_may_ask_again)
{
    play_attestd();
    struct repeating r = { .client = client_of(url) };
    cr_assert_eq(vouchsafe_async_token(r.client, on_token_again, &r), VOUCHSAFE_OK);
    run();
    cr_assert_eq(r.calls, 5);
    cr_assert_eq(requests, 2);
    vouchsafe_async_free(r.client);
}
