#include "http_client.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "listener.h"

/* A peer on the same loop that answers each request with the next text of its script and then
 * keeps, closes or resets the connection. */
enum then { KEEP, CLOSE, RESET };
static struct {
    const char *text; /* NULL: says nothing */
    enum then then;
} script[8];
static int requests, connections;
static char last_request[8192];

static struct event_base *base;
static struct http_client *client;
static struct http_client_limits limits;
static int listening;
static struct event accepting;

struct guest {
    struct guest *next, **link;
    struct event event;
    size_t len;
    char text[8192];
};

static struct guest *guests;

static void end_guest(struct guest *g, int fd, enum then then)
{
    const struct linger reset = { .l_onoff = 1 };

    *g->link = g->next;
    if (g->next)
        g->next->link = g->link;
    if (then == RESET)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    event_del(&g->event);
    close(fd);
    free(g);
}

static void on_guest(evutil_socket_t fd, short what, void *arg)
{
    struct guest *g = arg;
    ssize_t n = recv(fd, g->text + g->len, sizeof g->text - 1 - g->len, 0);

    (void)what;
    if (n <= 0) {
        end_guest(g, fd, CLOSE);
        return;
    }
    g->len += (size_t)n;
    g->text[g->len] = '\0';
    if (!strstr(g->text, "\r\n\r\n"))
        return;
    int step = requests++;
    memcpy(last_request, g->text, g->len + 1);
    g->len = 0;
    if (script[step].text)
        (void)!send(fd, script[step].text, strlen(script[step].text), MSG_NOSIGNAL);
    if (script[step].then != KEEP)
        end_guest(g, fd, script[step].then);
}

static void on_accept(evutil_socket_t fd, short what, void *arg)
{
    int guest_fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK);
    struct guest *g = calloc(1, sizeof *g);

    (void)what;
    (void)arg;
    connections++;
    g->next = guests;
    g->link = &guests;
    if (g->next)
        g->next->link = &g->next;
    guests = g;
    event_assign(&g->event, base, guest_fd, EV_READ | EV_PERSIST, on_guest, g);
    event_add(&g->event, NULL);
}

static void make_client(uint16_t port)
{
    char text[64];
    struct url url;

    snprintf(text, sizeof text, "http://127.0.0.1:%u", port);
    cr_assert_eq(url_read(slice_of(text), &url), ST_OK);
    cr_assert_eq(http_client_new(base, &url, &limits, NULL, NULL, &client), ST_OK);
}

static void setup(void)
{
    const char *why;

    base = event_base_new();
    limits = HTTP_CLIENT_DEFAULTS;
    limits.connect_ms = limits.first_byte_ms = limits.total_ms = 2000;
    cr_assert_eq(listener_open("127.0.0.1:0", &listening, &why), ST_OK);
    event_assign(&accepting, base, listening, EV_READ | EV_PERSIST, on_accept, NULL);
    event_add(&accepting, NULL);
}

static void teardown(void)
{
    http_client_free(client);
    while (guests)
        end_guest(guests, event_get_fd(&guests->event), CLOSE);
    event_del(&accepting);
    close(listening);
    event_base_free(base);
}

TestSuite(http_client, .init = setup, .fini = teardown);

static struct {
    int count;
    enum status st;
    unsigned code;
    char body[256];
} told;

static void on_answer(void *arg, enum status st, const struct http_response *response)
{
    (void)arg;
    told.count++;
    told.st = st;
    told.code = response ? response->head->code : 0;
    if (response)
        cr_assert_eq(slice_copy_text(response->body, told.body, sizeof told.body), ST_OK);
    if (told.count == 1)
        event_base_loopbreak(base);
}

static void send_call(const char *method, bool idempotent)
{
    const struct http1_header header = { SLICE_LIT("X-Test"), SLICE_LIT("yes") };
    const struct http_call call = { .method = method,
                                    .target = SLICE_LIT("/t?q"),
                                    .headers = &header,
                                    .header_count = 1,
                                    .body = SLICE_LIT("a=b"),
                                    .idempotent = idempotent };
    int before = told.count;

    http_client_send(client, &call, on_answer, NULL);
    cr_assert_eq(told.count, before, "never before the call has returned");
}

/* One call from beginning to end. */
static enum status call(bool idempotent)
{
    if (!client)
        make_client(listener_port(listening));
    told.count = 0;
    told.body[0] = '\0';
    send_call("POST", idempotent);
    event_base_dispatch(base);
    cr_assert_eq(told.count, 1);
    return told.st;
}

static void run_ms(int ms)
{
    const struct timeval wait = { .tv_usec = ms * 1000 };

    event_base_loopexit(base, &wait);
    event_base_dispatch(base);
}

/* Three calls, each sent by the answer to the one before. */
static void chain(void *arg, enum status st, const struct http_response *response)
{
    const struct http_call call = { .method = "GET", .target = SLICE_LIT("/") };

    (void)response;
    cr_assert_eq(st, ST_OK);
    if (told.count++ < 3)
        http_client_send(client, &call, chain, arg);
    else
        event_base_loopbreak(base);
}

#define OK "HTTP/1.1 200 OK\r\n"

Test(http_client, what_is_no_answer)
{
    static const struct {
        const char *text;
        enum then then;
        enum status st;
    } cases[] = {
        { NULL, CLOSE, ST_LOST },
        { NULL, RESET, ST_LOST },
        { OK, CLOSE, ST_LOST },
        { OK "Content-Length: 5\r\n\r\nab", CLOSE, ST_LOST },
        { OK "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", CLOSE, ST_LOST },
        { "SSH-2.0-x\r\n\r\n", KEEP, ST_INVALID },
        { OK "Content-Length: 2\r\nContent-Length: 2\r\n\r\nab", KEEP, ST_INVALID },
        { OK "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", KEEP, ST_INVALID },
        { OK "Transfer-Encoding: chunked\r\n\r\nzz\r\n", KEEP, ST_INVALID },
        { "HTTP/1.1 101 Switching\r\n\r\n", KEEP, ST_INVALID },
        { OK "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nab", KEEP, ST_INVALID },
        { OK "Content-Encoding: gzip\r\n\r\nab", CLOSE, ST_INVALID },
        { OK "Content-Length: 99999999\r\n\r\n", KEEP, ST_TOO_LARGE },
        { OK "Transfer-Encoding: chunked\r\n\r\nfffffff\r\n", KEEP, ST_TOO_LARGE },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        requests = 0;
        script[0].text = cases[i].text;
        script[0].then = cases[i].then;
        cr_assert_eq(call(false), cases[i].st, "%zu: %s", i, status_name(told.st));
        cr_assert_eq(requests, 1, "sent once");
    }
}

Test(http_client, what_is_an_answer)
{
    static const struct {
        const char *text;
        enum then then;
        unsigned code;
        const char *body;
    } cases[] = {
        { OK "Content-Length: 2\r\n\r\nab", KEEP, 200, "ab" },
        { OK "Content-Length: 0\r\n\r\n", CLOSE, 200, "" },
        { OK "Content-Encoding: identity\r\nContent-Length: 2\r\n\r\nab", KEEP, 200, "ab" },
        { OK "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n", KEEP, 200, "ab" },
        { OK "\r\nuntil the end", CLOSE, 200, "until the end" },
        { "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab", CLOSE, 200, "ab" },
        { "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nA: b\r\n\r\n" OK
          "Content-Length: 2\r\n\r\nab",
          KEEP, 200, "ab" },
        { "HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n", KEEP,
          302, "" },
        { "HTTP/1.1 500 x\r\nContent-Length: 2\r\n\r\nno", KEEP, 500, "no" },
        { "HTTP/1.1 204 x\r\n\r\n", KEEP, 204, "" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        requests = 0;
        script[0].text = cases[i].text;
        script[0].then = cases[i].then;
        cr_assert_eq(call(false), ST_OK, "%zu: %s", i, status_name(told.st));
        cr_assert_eq(told.code, cases[i].code);
        cr_assert_str_eq(told.body, cases[i].body);
        cr_assert_eq(requests, 1, "no redirect is followed");
    }
}

Test(http_client, what_is_sent)
{
    script[0].text = OK "Content-Length: 0\r\n\r\n";
    cr_assert_eq(call(false), ST_OK);
    cr_assert_eq(strstr(last_request, "POST /t?q HTTP/1.1\r\nHost: 127.0.0.1:"), last_request);
    cr_assert_not_null(strstr(last_request, "\r\nX-Test: yes\r\n"));
    cr_assert_not_null(strstr(last_request, "\r\nAccept-Encoding: identity\r\n"));
    cr_assert_not_null(strstr(last_request, "\r\nContent-Length: 3\r\n"));
    cr_assert_not_null(strstr(last_request, "\r\n\r\na=b"));
}

Test(http_client, connections_are_kept_and_used_again)
{
    for (int i = 0; i < 4; i++)
        script[i].text = OK "Content-Length: 0\r\n\r\n";
    for (int i = 0; i < 4; i++)
        cr_assert_eq(call(false), ST_OK);
    cr_assert_eq(requests, 4);
    cr_assert_eq(connections, 1);
}

Test(http_client, bytes_behind_an_answer_end_the_connection)
{
    script[0].text = OK "Content-Length: 1\r\n\r\na" OK "Content-Length: 6\r\n\r\npoison";
    script[1].text = OK "Content-Length: 5\r\n\r\nright";
    cr_assert_eq(call(false), ST_OK);
    cr_assert_eq(call(false), ST_OK);
    cr_assert_str_eq(told.body, "right");
    cr_assert_eq(connections, 2);
}

/* The peer closes a kept connection just as it is used again: the call reaches it once in all. */
Test(http_client, a_kept_connection_that_dies_takes_no_call_with_it_twice)
{
    script[0].text = OK "Content-Length: 0\r\n\r\n";
    script[1].text = NULL;
    script[1].then = CLOSE;
    script[2].text = OK "Content-Length: 0\r\n\r\n";
    cr_assert_eq(call(false), ST_OK);
    cr_assert_eq(call(false), ST_LOST, "it was written: nobody knows what became of it");
    cr_assert_eq(requests, 2);
    requests = 0;
    cr_assert_eq(call(false), ST_OK);
    cr_assert_eq(call(true), ST_OK, "what may be repeated is");
    cr_assert_eq(requests, 3);
}

Test(http_client, an_idle_connection_that_closes_is_noticed)
{
    script[0] = (__typeof__(script[0])){ OK "Content-Length: 0\r\n\r\n", CLOSE };
    script[1].text = OK "Content-Length: 0\r\n\r\n";
    cr_assert_eq(call(false), ST_OK);
    run_ms(20);
    cr_assert_eq(call(false), ST_OK);
    cr_assert_eq(connections, 2);
}

Test(http_client, silence_and_nobody)
{
    limits.first_byte_ms = 100;
    cr_assert_eq(call(false), ST_TIMEOUT);
    http_client_free(client);
    event_del(&accepting);
    uint16_t port = listener_port(listening);
    close(listening);
    make_client(port);
    cr_assert_eq(call(false), ST_UNAVAILABLE);
    listening = -1;
    event_assign(&accepting, base, -1, 0, on_accept, NULL);
}

Test(http_client, the_queue_is_bounded)
{
    limits.connections = 1;
    limits.queue = 2;
    limits.total_ms = 200;
    make_client(listener_port(listening));
    for (int i = 0; i < 3; i++) /* one on the connection, two in the queue */
        send_call("POST", false);
    run_ms(20);
    cr_assert_eq(told.count, 0);
    send_call("POST", false);
    run_ms(20);
    cr_assert_eq(told.count, 1);
    cr_assert_eq(told.st, ST_BUSY);
    for (int i = 0; i < 100 && told.count < 4; i++)
        run_ms(20);
    cr_assert_eq(told.count, 4, "all are told in the end");
}

Test(http_client, whoever_waits_when_it_ends_is_told)
{
    make_client(listener_port(listening));
    send_call("POST", false);
    run_ms(20);
    http_client_free(client);
    client = NULL;
    cr_assert_eq(told.count, 1);
    cr_assert_eq(told.st, ST_UNAVAILABLE);
}

Test(http_client, what_would_split_a_request_is_never_sent)
{
    static const struct {
        const char *method;
        struct slice target, value;
    } rows[] = {
        { "GET", SLICE_LIT("/"), SLICE_LIT("a\r\nB: c") },
        { "GET", SLICE_LIT("/"), SLICE_LIT("a\nb") },
        { "GET", SLICE_LIT("/"), SLICE_LIT("a\0b") },
        { "GET", SLICE_LIT("/ HTTP/1.1\r\nA: b\r\n\r\n"), SLICE_LIT("a") },
        { "AMETHODOFSIXTEEN", SLICE_LIT("/"), SLICE_LIT("a") },
    };

    make_client(listener_port(listening));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct http1_header header = { SLICE_LIT("X-Test"), rows[i].value };
        const struct http_call call = { .method = rows[i].method,
                                        .target = rows[i].target,
                                        .headers = &header,
                                        .header_count = 1 };
        told.count = 0;
        http_client_send(client, &call, on_answer, NULL);
        cr_assert_eq(told.count, 0);
        event_base_dispatch(base);
        cr_assert_eq(told.count, 1);
        cr_expect_eq(told.st, ST_INVALID, "%zu: %s", i, status_name(told.st));
    }
    cr_assert_eq(requests, 0);
    cr_assert_eq(connections, 0);
    script[0].text = OK "Content-Length: 0\r\n\r\n";
    cr_assert_eq(call(false), ST_OK);
}

Test(http_client, limits_of_an_answer_from_both_sides)
{
    static const struct {
        const char *text;
        enum status st;
    } rows[] = {
        { OK "Content-Length: 11\r\n\r\n0123456789a", ST_TOO_LARGE },
        { OK "Content-Length: 10\r\n\r\n0123456789", ST_OK },
        { OK "Transfer-Encoding: chunked\r\n\r\nb\r\n0123456789a\r\n0\r\n\r\n", ST_TOO_LARGE },
        { OK "Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n", ST_OK },
        { OK "\r\n0123456789a", ST_TOO_LARGE },
        { OK "\r\n0123456789", ST_OK },
        { OK "A: b\r\nC: d\r\nE: f\r\nContent-Length: 0\r\n\r\n", ST_TOO_LARGE },
        { OK "A: b\r\nC: d\r\nContent-Length: 0\r\n\r\n", ST_OK },
    };

    limits.message = (struct http1_limits){ .head = 200, .body = 10, .headers = 3 };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        requests = 0;
        script[0].text = rows[i].text;
        script[0].then = CLOSE;
        cr_expect_eq(call(false), rows[i].st, "%zu: %s", i, status_name(told.st));
    }
}

Test(http_client, heads_of_answers_have_a_limit_from_both_sides)
{
    static char text[400];

    limits.message.head = 200;
    for (int len = 201; len >= 200; len--) {
        int n = snprintf(text, sizeof text, OK "Content-Length: 0\r\nX: ");
        memset(text + n, 'x', (size_t)(len - n - 4));
        memcpy(text + len - 4, "\r\n\r\n", 5);
        requests = 0;
        script[0].text = text;
        cr_expect_eq(call(false), len == 200 ? ST_OK : ST_TOO_LARGE, "%d", len);
    }
}

Test(http_client, an_answer_that_stops_half_way_ends_with_the_deadline)
{
    static const char *const halves[] = { "HTTP/1.1 200 OK\r\nA:", "HTTP/1.1 100 Continue\r\n\r\n",
                                          OK "Content-Length: 5\r\n\r\nab",
                                          OK "Transfer-Encoding: chunked\r\n\r\n5\r\nab",
                                          OK "\r\nab" };

    limits.total_ms = 100;
    for (size_t i = 0; i < sizeof halves / sizeof halves[0]; i++) {
        requests = 0;
        script[0].text = halves[i];
        script[0].then = KEEP;
        cr_expect_eq(call(false), ST_TIMEOUT, "%zu: %s", i, status_name(told.st));
        cr_expect_eq(requests, 1);
    }
}

Test(http_client, a_connection_that_is_said_to_close_is_not_kept)
{
    for (int i = 0; i < 2; i++)
        script[i].text = OK "Connection: close\r\nContent-Length: 0\r\n\r\n";
    for (int i = 0; i < 2; i++)
        cr_assert_eq(call(false), ST_OK);
    cr_assert_eq(connections, 2);
}

/* The peer has closed, and the loop has not looked since. */
Test(http_client, a_post_finds_its_kept_connection_closed_and_is_sent_once)
{
    for (int i = 0; i < 2; i++)
        script[i].text = OK "Content-Length: 0\r\n\r\n";
    cr_assert_eq(call(false), ST_OK);
    cr_assert_not_null(guests);
    end_guest(guests, event_get_fd(&guests->event), CLOSE);
    requests = 0;
    cr_assert_eq(call(false), ST_OK);
    cr_assert_eq(requests, 1);
    cr_assert_eq(connections, 2);
}

Test(http_client, a_post_that_meets_a_reset_is_sent_once_in_all)
{
    script[0].text = OK "Content-Length: 0\r\n\r\n";
    script[1].then = RESET;
    script[2].text = OK "Content-Length: 0\r\n\r\n";
    cr_assert_eq(call(false), ST_OK);
    requests = 1;
    cr_assert_eq(call(false), ST_LOST);
    run_ms(20);
    cr_assert_eq(requests, 2);
    cr_assert_eq(connections, 1);
}

Test(http_client, a_callback_may_send_the_next_call)
{
    for (int i = 0; i < 8; i++)
        script[i].text = OK "Content-Length: 0\r\n\r\n";
    make_client(listener_port(listening));
    chain(NULL, ST_OK, NULL);
    event_base_dispatch(base);
    cr_assert_eq(told.count, 4);
    cr_assert_eq(requests, 3);
}
