/* client.c, http.c and stream.c against a scripted peer that plays attestd. */
#include <criterion/criterion.h>

#include "sdk_peer.h"
#include "vouchsafe/client.h"

static struct vouchsafe_client *client_of(const char *base)
{
    const struct vouchsafe_config config = { .attestd_url = base,
                                             .client_id = "app",
                                             .connect_timeout_ms = 2000,
                                             .total_timeout_ms = 2000 };
    struct vouchsafe_client *client;

    cr_assert_eq(vouchsafe_client_new(&config, &client), VOUCHSAFE_OK);
    return client;
}

Test(client, configurations_that_cannot_work)
{
    static const struct vouchsafe_config bad[] = {
        { .attestd_url = NULL, .client_id = "app" },
        { .attestd_url = "ftp://a", .client_id = "app" },
        { .attestd_url = "http://a/?q", .client_id = "app" },
        { .attestd_url = "http://a", .client_id = NULL },
        { .attestd_url = "http://a", .client_id = "a b" },
        { .attestd_url = "http://a", .client_id = "app", .ca_file = "/nowhere" },
    };
    struct vouchsafe_client *client;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(vouchsafe_client_new(&bad[i], &client), VOUCHSAFE_BAD_ARGUMENT, "%zu", i);
}

Test(client, a_token_is_kept_while_it_is_fresh)
{
    char token[VOUCHSAFE_TOKEN_MAX + 1];

    start_peer();
    script[0] = reply(texts[0], 201, "", CHALLENGE);
    script[1] = reply(texts[1], 200, "", TOKEN("300"));
    struct vouchsafe_client *client = client_of(url);
    for (int i = 0; i < 5; i++) {
        cr_assert_eq(vouchsafe_client_token(client, token), VOUCHSAFE_OK);
        cr_assert_str_eq(token, "a.b.c");
    }
    cr_assert_eq(requests, 2);
    vouchsafe_client_free(client);
}

static void *ask_for_token(void *arg)
{
    char token[VOUCHSAFE_TOKEN_MAX + 1];

    return vouchsafe_client_token(arg, token) == VOUCHSAFE_OK ? arg : NULL;
}

Test(client, sixty_four_threads_share_one_attestation)
{
    pthread_t threads[64];

    start_peer();
    script[0] = reply(texts[0], 201, "", CHALLENGE);
    script[1] = reply(texts[1], 200, "", TOKEN("300"));
    struct vouchsafe_client *client = client_of(url);
    for (int i = 0; i < 64; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, ask_for_token, client), 0);
    for (int i = 0; i < 64; i++) {
        void *good;
        pthread_join(threads[i], &good);
        cr_assert_not_null(good);
    }
    cr_assert_eq(requests, 2);
    vouchsafe_client_free(client);
}

Test(client, what_attestd_says_is_told)
{
    static const struct {
        int code;
        const char *body;
        enum vouchsafe_error error;
    } cases[] = {
        { 403, "{\"error\":\"attestation_failed\",\"error_id\":\"abc\"}", VOUCHSAFE_REFUSED },
        { 400, "{\"error\":\"invalid_request\",\"error_id\":\"abc\"}", VOUCHSAFE_REFUSED },
        { 503, "{\"error\":\"temporarily_unavailable\",\"error_id\":\"abc\"}",
          VOUCHSAFE_UNAVAILABLE },
        { 429, "{\"error\":\"slow_down\",\"error_id\":\"abc\"}", VOUCHSAFE_UNAVAILABLE },
        { 302, "{\"error\":\"elsewhere\",\"error_id\":\"abc\"}", VOUCHSAFE_BAD_ANSWER },
        { 201, "{\"challenge\":1}", VOUCHSAFE_BAD_ANSWER },
        { 200, CHALLENGE, VOUCHSAFE_BAD_ANSWER },
    };

    start_peer();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct vouchsafe_client *client = client_of(url);
        struct vouchsafe_refusal refusal;
        script[0] = reply(texts[0], cases[i].code, "", cases[i].body);
        cr_assert_eq(vouchsafe_client_attest(client), cases[i].error, "%d", cases[i].code);
        vouchsafe_client_refusal(client, &refusal);
        if (cases[i].error == VOUCHSAFE_REFUSED || cases[i].error == VOUCHSAFE_UNAVAILABLE) {
            cr_assert_eq(refusal.code, cases[i].code);
            cr_assert_str_eq(refusal.error_id, "abc");
        }
        vouchsafe_client_free(client);
    }
}

Test(client, answers_that_are_none)
{
    static const char *const bad[] = {
        "SSH-2.0-x\r\n\r\n",
        "HTTP/1.1 201 x\r\nContent-Length: 500\r\n\r\n{}",
        "HTTP/1.1 201 x\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 201 x\r\nContent-Length: 99999999\r\n\r\n",
        "HTTP/1.1 201 x\r\n",
        "\n",
    };

    start_peer();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct vouchsafe_client *client = client_of(url);
        script[0] = bad[i];
        cr_assert_eq(vouchsafe_client_attest(client), VOUCHSAFE_BAD_ANSWER, "%s", bad[i]);
        vouchsafe_client_free(client);
    }
}

Test(client, a_server_that_says_when_is_left_alone_till_then)
{
    static const char *const forms[] = { "Retry-After: 60\r\n",
                                         "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                         "Retry-After: Sun, 06 Nov 1994 08:50:37 GMT\r\n" };
    char token[VOUCHSAFE_TOKEN_MAX + 1];
    struct vouchsafe_refusal refusal;

    start_peer();
    for (size_t i = 0; i < 2; i++) {
        struct vouchsafe_client *client = client_of(url);
        script[0] = reply(texts[0], 503, forms[i], "{\"error\":\"busy\",\"error_id\":\"x\"}");
        requests = 0;
        for (int n = 0; n < 5; n++) {
            cr_assert_eq(vouchsafe_client_token(client, token), VOUCHSAFE_UNAVAILABLE);
            vouchsafe_client_refusal(client, &refusal);
            cr_assert_str_eq(refusal.error, "busy");
            cr_assert(refusal.retry_after_s >= 59 && refusal.retry_after_s <= 61, "%d",
                      (int)refusal.retry_after_s);
        }
        cr_assert_eq(vouchsafe_client_attest(client), VOUCHSAFE_UNAVAILABLE);
        cr_assert_eq(requests, 1);
        vouchsafe_client_free(client);
    }
}

Test(client, who_fails_is_tried_again_when_the_wait_is_over)
{
    const struct vouchsafe_config config = {
        .attestd_url = url, .client_id = "app", .backoff_min_ms = 1, .backoff_max_ms = 1
    };
    struct vouchsafe_client *client;

    start_peer();
    cr_assert_eq(vouchsafe_client_new(&config, &client), VOUCHSAFE_OK);
    script[0] = reply(texts[0], 503, "", "{\"error\":\"busy\"}");
    script[1] = reply(texts[1], 201, "", CHALLENGE);
    script[2] = reply(texts[2], 200, "", TOKEN("300"));
    cr_assert_eq(vouchsafe_client_attest(client), VOUCHSAFE_UNAVAILABLE);
    usleep(3000);
    cr_assert_eq(vouchsafe_client_attest(client), VOUCHSAFE_OK);
    cr_assert_eq(requests, 3);
    vouchsafe_client_free(client);
}

Test(client, one_thread_renews_while_the_others_are_served)
{
    char token[VOUCHSAFE_TOKEN_MAX + 1];
    pthread_t threads[64];

    start_peer();
    script[0] = reply(texts[0], 201, "", CHALLENGE);
    script[1] = reply(texts[1], 200, "", TOKEN("300"));
    script[2] = reply(texts[2], 503, "Retry-After: 60\r\n", "{\"error\":\"busy\"}");
    const struct vouchsafe_config config = { .attestd_url = url,
                                             .client_id = "app",
                                             .refresh_before_s = 300 };
    struct vouchsafe_client *client;
    cr_assert_eq(vouchsafe_client_new(&config, &client), VOUCHSAFE_OK);
    cr_assert_eq(vouchsafe_client_token(client, token), VOUCHSAFE_OK);
    for (int i = 0; i < 64; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, ask_for_token, client), 0);
    for (int i = 0; i < 64; i++) {
        void *good;
        pthread_join(threads[i], &good);
        cr_assert_not_null(good, "the old one is still good");
    }
    cr_assert_leq(requests, 3);
    vouchsafe_client_free(client);
}

Test(client, the_size_of_an_answer_from_both_sides)
{
    static const char body[] = "{\"error\":\"invalid_request\",\"error_id\":\"abc\"}";

    start_peer();
    script[0] = reply(texts[0], 400, "", body);
    for (size_t spare = 0; spare <= 1; spare++) {
        const struct vouchsafe_config config = { .attestd_url = url,
                                                 .client_id = "app",
                                                 .answer_max_bytes = strlen(body) - 1 + spare };
        struct vouchsafe_client *client;
        cr_assert_eq(vouchsafe_client_new(&config, &client), VOUCHSAFE_OK);
        cr_assert_eq(vouchsafe_client_attest(client),
                     spare ? VOUCHSAFE_REFUSED : VOUCHSAFE_BAD_ANSWER);
        vouchsafe_client_free(client);
    }
}

Test(client, nobody_there_and_nobody_answering)
{
    struct vouchsafe_client *client = client_of("http://127.0.0.1:1");
    const struct vouchsafe_config config = { .attestd_url = url,
                                             .client_id = "app",
                                             .total_timeout_ms = 100 };

    cr_assert_eq(vouchsafe_client_attest(client), VOUCHSAFE_UNREACHABLE);
    vouchsafe_client_free(client);
    start_peer();
    script[0] = "";
    listen(listening, 1);
    /* The peer reads the request and closes without a word. */
    client = client_of(url);
    cr_assert_eq(vouchsafe_client_attest(client), VOUCHSAFE_BAD_ANSWER);
    vouchsafe_client_free(client);
    int silent = start_silent();
    cr_assert_eq(vouchsafe_client_new(&config, &client), VOUCHSAFE_OK);
    cr_assert_eq(vouchsafe_client_attest(client), VOUCHSAFE_TIMEOUT);
    vouchsafe_client_free(client);
    close(silent);
}

Test(client, posts_carry_the_two_headers)
{
    struct vouchsafe_response response;
    struct vouchsafe_headers a, b;

    start_peer();
    script[0] = reply(texts[0], 201, "", CHALLENGE);
    script[1] = reply(texts[1], 200, "", TOKEN("300"));
    struct vouchsafe_client *client = client_of(url);
    cr_assert_eq(vouchsafe_client_headers(client, "https://as", NULL, &a), VOUCHSAFE_OK);
    cr_assert_eq(vouchsafe_client_headers(client, "https://as", NULL, &b), VOUCHSAFE_OK);
    cr_assert_str_eq(a.attestation, b.attestation);
    cr_assert_str_neq(a.pop, b.pop, "a proof is good once");
    script[2] = reply(texts[2], 418, "", "{\"a\":1}");
    cr_assert_eq(vouchsafe_client_post(client, url, "https://as", "a=%7D}", &response),
                 VOUCHSAFE_OK);
    cr_assert_eq(response.code, 418);
    cr_assert_str_eq(response.body, "{\"a\":1}");
    vouchsafe_response_clear(&response);
    vouchsafe_client_free(client);
}

/* --- what is fetched for one use --- */

#define ASSERTION "{\"client_assertion\":\"x.y.z\",\"expires_in\":60}"
#define EAR       "{\"ear\":\"e.a.r\",\"expires_in\":300}"

Test(client, each_assertion_is_an_attestation_and_leaves_the_token_alone)
{
    char text[VOUCHSAFE_TOKEN_MAX + 1];

    start_peer();
    for (int i = 0; i < 8; i += 2)
        script[i] = reply(texts[i], 201, "", CHALLENGE);
    script[1] = reply(texts[1], 200, "", TOKEN("300"));
    script[3] = script[5] = reply(texts[3], 200, "", ASSERTION);
    script[7] = reply(texts[7], 200, "", EAR);
    struct vouchsafe_client *client = client_of(url);
    cr_assert_eq(vouchsafe_client_token(client, text), VOUCHSAFE_OK);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(vouchsafe_client_assertion(client, "https://as", text), VOUCHSAFE_OK);
        cr_assert_str_eq(text, "x.y.z");
    }
    cr_assert_eq(vouchsafe_client_ear(client, text), VOUCHSAFE_OK);
    cr_assert_str_eq(text, "e.a.r");
    cr_assert_eq(requests, 8);
    cr_assert_eq(vouchsafe_client_token(client, text), VOUCHSAFE_OK);
    cr_assert_str_eq(text, "a.b.c");
    cr_assert_eq(requests, 8, "the token was at hand");
    vouchsafe_client_free(client);
}

Test(client, assertions_that_cannot_be)
{
    char text[VOUCHSAFE_TOKEN_MAX + 1], audience[258];

    start_peer();
    struct vouchsafe_client *client = client_of(url);
    memset(audience, 'a', sizeof audience);
    audience[257] = '\0';
    cr_assert_eq(vouchsafe_client_assertion(client, NULL, text), VOUCHSAFE_BAD_ARGUMENT);
    cr_assert_eq(vouchsafe_client_assertion(client, "", text), VOUCHSAFE_BAD_ARGUMENT);
    cr_assert_eq(vouchsafe_client_assertion(client, audience, text), VOUCHSAFE_BAD_ARGUMENT);
    cr_assert_eq(requests, 0);
    script[0] = reply(texts[0], 201, "", CHALLENGE);
    script[1] = reply(texts[1], 200, "", ASSERTION);
    audience[256] = '\0';
    cr_assert_eq(vouchsafe_client_assertion(client, audience, text), VOUCHSAFE_OK);
    vouchsafe_client_free(client);
}

/* The app is genuine: its token serves on, and nothing is held back. */
Test(client, an_audience_that_attestd_does_not_know)
{
    char text[VOUCHSAFE_TOKEN_MAX + 1];

    start_peer();
    script[0] = script[2] = script[4] = reply(texts[0], 201, "", CHALLENGE);
    script[1] = reply(texts[1], 200, "", TOKEN("300"));
    script[3] = reply(texts[3], 400, "", "{\"error\":\"invalid_request\",\"error_id\":\"i\"}");
    script[5] = reply(texts[5], 200, "", ASSERTION);
    struct vouchsafe_client *client = client_of(url);
    cr_assert_eq(vouchsafe_client_token(client, text), VOUCHSAFE_OK);
    cr_assert_eq(vouchsafe_client_assertion(client, "https://evil", text), VOUCHSAFE_BAD_ARGUMENT);
    cr_assert_eq(vouchsafe_client_token(client, text), VOUCHSAFE_OK);
    cr_assert_eq(requests, 4);
    cr_assert_eq(vouchsafe_client_assertion(client, "https://as", text), VOUCHSAFE_OK);
    vouchsafe_client_free(client);
}

Test(client, an_assertion_is_held_back_after_a_failure_as_all_are)
{
    char text[VOUCHSAFE_TOKEN_MAX + 1];

    start_peer();
    script[0] = reply(texts[0], 503, "Retry-After: 100\r\n", "{}");
    struct vouchsafe_client *client = client_of(url);
    cr_assert_eq(vouchsafe_client_assertion(client, "https://as", text), VOUCHSAFE_UNAVAILABLE);
    cr_assert_eq(vouchsafe_client_assertion(client, "https://as", text), VOUCHSAFE_UNAVAILABLE);
    cr_assert_eq(vouchsafe_client_token(client, text), VOUCHSAFE_UNAVAILABLE);
    cr_assert_eq(requests, 1);
    vouchsafe_client_free(client);
}

static void *ask_for_assertion(void *arg)
{
    char text[VOUCHSAFE_TOKEN_MAX + 1];

    if (vouchsafe_client_assertion(arg, "https://as", text) || strcmp(text, "x.y.z") != 0)
        return NULL;
    return arg;
}

/* One at a time: four attestations, one after the other. */
Test(client, threads_take_turns_with_assertions)
{
    pthread_t threads[4];

    start_peer();
    for (int i = 0; i < 8; i += 2) {
        script[i] = reply(texts[i], 201, "", CHALLENGE);
        script[i + 1] = reply(texts[i + 1], 200, "", ASSERTION);
    }
    struct vouchsafe_client *client = client_of(url);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, ask_for_assertion, client), 0);
    for (int i = 0; i < 4; i++) {
        void *good;
        pthread_join(threads[i], &good);
        cr_assert_not_null(good);
    }
    cr_assert_eq(requests, 8);
    vouchsafe_client_free(client);
}
