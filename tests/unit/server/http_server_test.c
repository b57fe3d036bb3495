#include "http_server.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_error.h"
#include "listener.h"

static struct event_base *base;
static struct http_server *server;
static struct http_server_limits limits;
static struct http_exchange *held;
static uint16_t port;
static int calls, ends, drained;

static void on_hello(struct http_exchange *ex, void *app)
{
    calls++;
    cr_assert_eq(app, &calls, "handlers get the app");
    http_reply(ex, 200, "text/plain", NULL, 0, SLICE_LIT("hello"));
}

static void on_echo(struct http_exchange *ex, void *app)
{
    (void)app;
    calls++;
    http_reply(ex, 200, "text/plain", NULL, 0, http_request_body(ex));
}

static struct log *logged; /* of the loop; NULL in most tests */
static const char *log_path;

static long log_size(void)
{
    FILE *file = fopen(log_path, "r");

    cr_assert_not_null(file);
    cr_assert_eq(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    fclose(file);
    return size;
}

static void on_logged(struct http_exchange *ex, void *app)
{
    long before = log_size();

    (void)app;
    log_note(logged, LOG_INFO, "a verdict", "a", "b");
    cr_assert_eq(log_size(), before, "not alone");
    http_reply(ex, 200, NULL, NULL, 0, SLICE_LIT("verdict"));
    cr_assert_eq(log_size(), before);
}

static void count_end(void *arg)
{
    (void)arg;
    ends++;
}

static void on_hold(struct http_exchange *ex, void *app)
{
    (void)app;
    cr_assert_not_null(http_exchange_alloc(ex, 100));
    http_exchange_on_end(ex, count_end, NULL);
    held = ex;
}

static void on_split(struct http_exchange *ex, void *app)
{
    const struct http_header_field field = { "Location", SLICE_LIT("/a\r\nSet-Cookie: evil=1") };

    (void)app;
    http_reply(ex, 302, NULL, &field, 1, (struct slice){ NULL, 0 });
}

static uint8_t much[8 << 20];

/* More than a socket takes at once. */
static void on_much(struct http_exchange *ex, void *app)
{
    (void)app;
    http_exchange_on_end(ex, count_end, NULL);
    http_reply(ex, 200, NULL, NULL, 0, (struct slice){ much, sizeof much });
}

static void reply_later(evutil_socket_t fd, short what, void *ex)
{
    (void)fd;
    (void)what;
    http_reply(ex, 200, NULL, NULL, 0, SLICE_LIT("late"));
}

static void on_timer(struct http_exchange *ex, void *app)
{
    const struct timeval soon = { .tv_usec = 1000 };

    (void)app;
    http_exchange_on_end(ex, count_end, NULL);
    cr_assert_eq(event_base_once(base, -1, EV_TIMEOUT, reply_later, ex, &soon), 0);
}

/* Who it takes the caller for, and whether as a trusted proxy. */
static void on_who(struct http_exchange *ex, void *app)
{
    const struct http_header_field field = { "X-Trusted",
                                             slice_of(http_peer_trusted(ex) ? "yes" : "no") };

    (void)app;
    http_reply(ex, 200, "text/plain", &field, 1, http_peer_text(ex));
}

static void on_busy(struct http_exchange *ex, void *app)
{
    (void)app;
    http_refuse(ex, http_refusal_of(ST_BUSY), "E-17");
}

static void on_part(struct http_exchange *ex, void *app)
{
    (void)app;
    http_count_as(ex, 3);
    http_reply(ex, 204, NULL, NULL, 0, (struct slice){ NULL, 0 });
}

static struct observed {
    unsigned replies;
    size_t route;
    unsigned code;
    uint64_t microseconds;
    size_t open, most_open;
} observed;

static void note_reply(void *arg, size_t route, unsigned code, uint64_t microseconds)
{
    struct observed *o = arg;

    o->replies++;
    o->route = route;
    o->code = code;
    o->microseconds = microseconds;
}

static void note_connections(void *arg, size_t open)
{
    struct observed *o = arg;

    o->open = open;
    o->most_open = open > o->most_open ? open : o->most_open;
}

static const struct http_observer observer = { note_reply, note_connections };

static const struct http_route routes[] = {
    { "GET", "/much", on_much },   { "GET", "/timer", on_timer },  { "GET", "/busy", on_busy },
    { "GET", "/hello", on_hello }, { "POST", "/hello", on_hello }, { "POST", "/echo", on_echo },
    { "GET", "/hold", on_hold },   { "GET", "/split", on_split },  { "*", "/any/*", on_hello },
    { "GET", "/part", on_part },   { "GET", "/who", on_who },      { "GET", "/logged", on_logged },
};

static const char *const *proxies;
static size_t proxy_count;

static void serve_as(enum proxy_mode proxy)
{
    const struct http_server_options options = { .routes = routes,
                                                 .app = &calls,
                                                 .limits = &limits,
                                                 .log = logged,
                                                 .trusted_proxies = proxies,
                                                 .trusted_proxy_count = proxy_count,
                                                 .observer = &observer,
                                                 .observer_arg = &observed,
                                                 .route_count = sizeof routes / sizeof routes[0] };
    const char *why;
    int fd;

    cr_assert_eq(http_server_new(base, &options, &server), ST_OK);
    cr_assert_eq(listener_open("127.0.0.1:0", &fd, &why), ST_OK);
    port = listener_port(fd);
    cr_assert_eq(http_server_listen(server, fd, proxy), ST_OK);
}

static void serve(void)
{
    serve_as(PROXY_NONE);
}

static void setup(void)
{
    base = event_base_new();
    limits = HTTP_SERVER_DEFAULTS;
}

static void teardown(void)
{
    http_server_free(server);
    event_base_free(base);
}

TestSuite(http_server, .init = setup, .fini = teardown);

static int dial(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

/* Lets the loop run a little: at least ms milliseconds. */
static void run_ms(int ms)
{
    const struct timeval wait = { .tv_usec = ms * 1000 };

    event_base_loopexit(base, &wait);
    event_base_dispatch(base);
    for (int i = 0; i < 50; i++) /* whatever a busy machine has left undone */
        event_base_loop(base, EVLOOP_NONBLOCK);
}

static void say(int fd, struct slice text)
{
    (void)!send(fd, text.data, text.len, MSG_NOSIGNAL);
    run_ms(20);
}

struct heard {
    char text[70000];
    size_t len;
    bool closed;
};

/* What has come so far. */
static struct heard *hear(int fd)
{
    static struct heard h;
    ssize_t n;

    h = (struct heard){ .len = 0 };
    run_ms(20);
    while ((n = recv(fd, h.text + h.len, sizeof h.text - 1 - h.len, 0)) > 0)
        h.len += (size_t)n;
    h.closed = n == 0;
    h.text[h.len] = '\0';
    return &h;
}

/* All until the server closes, or never does. */
static struct heard *hear_end(int fd)
{
    static struct heard all;

    all = (struct heard){ .len = 0 };
    for (int i = 0; i < 100 && !all.closed; i++) {
        const struct heard *h = hear(fd);
        memcpy(all.text + all.len, h->text, h->len + 1);
        all.len += h->len;
        all.closed = h->closed;
    }
    return &all;
}

static int answers(const struct heard *h, const char *status)
{
    int n = 0;

    for (const char *at = h->text; (at = strstr(at, status)) != NULL; at++)
        n++;
    return n;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

Test(http_server, a_request_is_answered_and_the_connection_kept)
{
    serve();
    int fd = dial();
    for (int i = 0; i < 3; i++) {
        say(fd, SLICE_LIT(GET("/hello")));
        struct heard *h = hear(fd);
        cr_assert_eq(answers(h, "HTTP/1.1 200 OK\r\n"), 1);
        cr_assert_not_null(strstr(h->text, "Cache-Control: no-store\r\n"));
        cr_assert_not_null(strstr(h->text, "Content-Length: 5\r\n"));
        cr_assert_str_eq(h->text + h->len - 5, "hello");
        cr_assert_not(h->closed);
    }
    cr_assert_eq(calls, 3);
    close(fd);
}

Test(http_server, byte_by_byte_and_pipelined_are_the_same)
{
    static const char text[] =
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" GET("/hello");

    serve();
    int fd = dial();
    for (size_t i = 0; i < sizeof text - 1; i++) {
        (void)!send(fd, text + i, 1, 0);
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
    struct heard *h = hear(fd);
    cr_assert_eq(answers(h, "HTTP/1.1 200"), 2, "%s", h->text);
    cr_assert_lt(strstr(h->text, "\r\n\r\nabc"), strstr(h->text, "hello"), "in order");
    say(fd, SLICE_LIT(GET("/hello") GET("/none") GET("/hello")));
    h = hear(fd);
    cr_assert_eq(answers(h, "HTTP/1.1 200"), 2, "%s", h->text);
    cr_assert_eq(answers(h, "HTTP/1.1 404"), 1);
    close(fd);
}

/* The loop alone writes and sends here: what is seen between its passes is in order. */
Test(http_server, no_answer_leaves_before_its_line_in_the_log)
{
    char path[] = "/tmp/vouchsafe-http-log-XXXXXX";
    struct log *log;
    int clients[8];

    close(mkstemp(path));
    log_path = path;
    cr_assert_eq(log_new(path, LOG_INFO, &log), ST_OK);
    cr_assert_eq(log_for_loop(log, base, &logged), ST_OK);
    serve();
    for (size_t i = 0; i < 8; i++)
        clients[i] = dial();
    run_ms(20);
    for (size_t i = 0; i < 8; i++)
        (void)!send(clients[i], GET("/logged") GET("/logged"), 2 * strlen(GET("/logged")), 0);
    for (size_t i = 0; i < 8; i++)
        cr_assert_eq(answers(hear(clients[i]), "verdict"), 2);
    long line = log_size() / 16;
    cr_assert_eq(log_size(), 16 * line, "sixteen lines of one length");
    (void)!send(clients[0], GET("/logged"), strlen(GET("/logged")), 0);
    while (log_size() == 16 * line) {
        char byte;
        cr_assert_eq(recv(clients[0], &byte, 1, MSG_PEEK), -1, "the line comes first");
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
    cr_assert_eq(answers(hear(clients[0]), "verdict"), 1);
    for (size_t i = 0; i < 8; i++)
        close(clients[i]);
    http_server_free(server);
    server = NULL;
    log_free(logged);
    log_free(log);
    unlink(path);
}

Test(http_server, paths_and_methods_that_are_not_there)
{
    serve();
    int fd = dial();
    say(fd, SLICE_LIT(GET("/none")));
    cr_assert_eq(answers(hear(fd), "HTTP/1.1 404"), 1);
    say(fd, SLICE_LIT("DELETE /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
    struct heard *h = hear(fd);
    cr_assert_eq(answers(h, "HTTP/1.1 405"), 1);
    cr_assert_not_null(strstr(h->text, "Allow: GET, POST\r\n"));
    cr_assert_eq(calls, 0);
    close(fd);
}

Test(http_server, a_route_for_any_method_below_a_path)
{
    serve();
    int fd = dial();
    say(fd, SLICE_LIT(GET("/any") GET("/anyhow/x") GET("/")));
    cr_assert_eq(answers(hear(fd), "HTTP/1.1 404"), 3);
    cr_assert_eq(calls, 0);
    say(fd, SLICE_LIT(GET("/any/") GET("/any/thing/at?all")));
    cr_assert_eq(answers(hear(fd), "HTTP/1.1 200"), 2);
    say(fd, SLICE_LIT("DELETE /any/thing HTTP/1.1\r\nHost: a\r\n\r\n"));
    cr_assert_eq(answers(hear(fd), "HTTP/1.1 200"), 1);
    close(fd);
}

/* Sends a text on a connection of its own and returns what came. */
static struct heard *one(struct slice text)
{
    int fd = dial();

    say(fd, text);
    struct heard *h = hear(fd);
    close(fd);
    run_ms(5);
    return h;
}

Test(http_server, framing_errors_are_answered_once_and_end_the_connection)
{
    serve();
    struct heard *h = one(SLICE_LIT("GET /hello HTTP/1.1\r\n\r\n" GET("/hello")));
    cr_assert_eq(answers(h, "HTTP/1.1 400"), 1);
    cr_assert_eq(answers(h, "HTTP/1.1"), 1);
    cr_assert(h->closed);
    cr_assert_not_null(strstr(h->text, "Connection: close"));
    cr_assert_eq(calls, 0);
}

Test(http_server, limits_of_a_message_from_both_sides)
{
    static char text[400];

    limits.message = (struct http1_limits){ .head = 200, .body = 10, .headers = 3 };
    serve();
    cr_assert_eq(
        answers(one(SLICE_LIT(
                    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789")),
                " 200 "),
        1);
    cr_assert_eq(
        answers(one(SLICE_LIT("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n")),
                " 413 "),
        1);
    cr_assert_eq(
        answers(one(SLICE_LIT("GET /hello HTTP/1.1\r\nHost: a\r\nB: c\r\nD: e\r\n\r\n")), " 200 "),
        1);
    cr_assert_eq(
        answers(one(SLICE_LIT("GET /hello HTTP/1.1\r\nHost: a\r\nB: c\r\nD: e\r\nF: g\r\n\r\n")),
                " 431 "),
        1);
    for (int len = 200; len <= 201; len++) {
        int n = snprintf(text, sizeof text, "GET /hello HTTP/1.1\r\nHost: a\r\nX: ");
        memset(text + n, 'x', (size_t)(len - n - 4));
        memcpy(text + len - 4, "\r\n\r\n", 5);
        cr_assert_eq(answers(one(slice_of(text)), len == 200 ? " 200 " : " 431 "), 1, "%d", len);
    }
}

Test(http_server, so_many_requests_on_a_connection)
{
    limits.requests = 2;
    serve();
    int fd = dial();
    say(fd, SLICE_LIT(GET("/hello") GET("/hello") GET("/hello")));
    struct heard *h = hear(fd);
    cr_assert_eq(answers(h, "HTTP/1.1 200"), 2, "%s", h->text);
    cr_assert_eq(answers(h, "Connection: close"), 1);
    cr_assert(h->closed);
    cr_assert_eq(calls, 2);
    close(fd);
}

Test(http_server, so_many_connections)
{
    limits.connections = 2;
    serve();
    int a = dial(), b = dial(), c = dial();
    run_ms(20);
    cr_assert_eq(http_server_connections(server), 2);
    cr_assert(hear(c)->closed);
    say(a, SLICE_LIT(GET("/hello")));
    cr_assert_eq(answers(hear(a), " 200 "), 1);
    close(b);
    run_ms(20);
    close(c);
    c = dial();
    say(c, SLICE_LIT(GET("/hello")));
    cr_assert_eq(answers(hear(c), " 200 "), 1, "there is room again");
    close(a);
    close(c);
}

Test(http_server, deadlines_are_absolute)
{
    static const struct {
        struct slice text;
        const char *status;
    } slow[] = { { SLICE_LIT("GET /hello HTTP/1.1\r\n"), " 408 " },
                 { SLICE_LIT("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab"),
                   " 408 " },
                 { SLICE_LIT(""), NULL } };

    limits.head_ms = limits.body_ms = limits.idle_ms = 100;
    serve();
    for (size_t i = 0; i < sizeof slow / sizeof slow[0]; i++) {
        int fd = dial();
        say(fd, slow[i].text);
        struct heard *h = hear_end(fd);
        cr_assert(h->closed, "%zu", i);
        cr_assert_eq(answers(h, " 408 "), slow[i].status ? 1 : 0);
        close(fd);
    }
}

Test(http_server, expect_continue)
{
    serve();
    int fd = dial();
    say(fd,
        SLICE_LIT(
            "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
    cr_assert_eq(answers(hear(fd), "HTTP/1.1 100 Continue\r\n\r\n"), 1);
    say(fd, SLICE_LIT("ok"));
    cr_assert_eq(answers(hear(fd), " 200 "), 1);
    say(fd, SLICE_LIT("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: "
                      "2\r\n\r\nok"));
    struct heard *h = hear(fd);
    cr_assert_eq(answers(h, " 100 "), 0, "the body is there: nobody waits for it");
    cr_assert_eq(answers(h, " 200 "), 1);
    close(fd);
}

Test(http_server, an_answer_may_come_later)
{
    serve();
    int fd = dial();
    say(fd, SLICE_LIT(GET("/hold") GET("/hello")));
    cr_assert_eq(hear(fd)->len, 0);
    cr_assert_eq(calls, 0, "one request at a time");
    http_reply(held, 200, NULL, NULL, 0, SLICE_LIT("late"));
    cr_assert_eq(ends, 1);
    struct heard *h = hear(fd);
    cr_assert_eq(answers(h, " 200 "), 2);
    cr_assert_not_null(strstr(h->text, "late"));
    close(fd);
}

Test(http_server, a_peer_that_has_gone_is_no_reason_to_crash)
{
    serve();
    int fd = dial();
    say(fd, SLICE_LIT(GET("/hold")));
    close(fd);
    run_ms(20);
    cr_assert_eq(ends, 0, "the handler still has it");
    http_reply(held, 200, NULL, NULL, 0, SLICE_LIT("late"));
    cr_assert_eq(ends, 1);
    run_ms(20);
    cr_assert_eq(http_server_connections(server), 0);
}

Test(http_server, a_header_that_would_split_the_reply_is_never_sent)
{
    serve();
    struct heard *h = one(SLICE_LIT(GET("/split")));
    cr_assert_eq(h->len, 0);
    cr_assert(h->closed);
}

static void on_drained(void *arg)
{
    (void)arg;
    drained++;
}

Test(http_server, drain_answers_what_is_under_way)
{
    serve();
    int idle = dial(), busy = dial();
    say(idle, SLICE_LIT(GET("/hello")));
    cr_assert_eq(answers(hear(idle), " 200 "), 1);
    say(busy, SLICE_LIT(GET("/hold")));
    http_server_drain(server, on_drained, NULL);
    cr_assert(hear(idle)->closed);
    cr_assert_eq(drained, 0);
    http_reply(held, 200, NULL, NULL, 0, SLICE_LIT("late"));
    struct heard *h = hear(busy);
    cr_assert_eq(answers(h, " 200 "), 1);
    cr_assert_eq(answers(h, "Connection: close"), 1);
    close(busy);
    close(idle);
    run_ms(50);
    cr_assert_eq(drained, 1);
    cr_assert_eq(http_server_connections(server), 0);
}

Test(http_server, an_answer_to_head_is_no_more_than_a_head)
{
    serve();
    int fd = dial();
    say(fd, SLICE_LIT("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
    struct heard *h = hear(fd);
    cr_assert_eq(answers(h, "HTTP/1.1 405"), 1);
    cr_expect_str_eq(h->text + h->len - 4, "\r\n\r\n", "a body would be read as the next answer");
    say(fd, SLICE_LIT(GET("/hello")));
    h = hear(fd);
    cr_assert_eq(strncmp(h->text, "HTTP/1.1 200", 12), 0, "%s", h->text);
    cr_assert_str_eq(h->text + h->len - 5, "hello");
    close(fd);
}

Test(http_server, a_body_in_chunks_has_the_same_limit)
{
#define CHUNKED "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    limits.message.body = 10;
    serve();
    cr_assert_eq(answers(one(SLICE_LIT(CHUNKED "6\r\n012345\r\n5\r\n6789a\r\n0\r\n\r\n")), " 413 "),
                 1);
    cr_assert_eq(calls, 0);
    struct heard *h = one(SLICE_LIT(CHUNKED "6\r\n012345\r\n4\r\n6789\r\n0\r\n\r\n"));
    cr_assert_eq(answers(h, " 200 "), 1);
    cr_assert_str_eq(h->text + h->len - 10, "0123456789");
}

Test(http_server, a_reply_that_nobody_takes_is_given_up)
{
    limits.write_ms = 50;
    serve();
    int fd = dial();
    say(fd, SLICE_LIT(GET("/much")));
    cr_assert_eq(ends, 1, "the handler is done with it");
    for (int i = 0; i < 100 && http_server_connections(server); i++)
        run_ms(20);
    cr_assert_eq(http_server_connections(server), 0);
    /* And the system keeps none of it for a peer that may never take it. */
    ssize_t n;
    do {
        char bytes[4096];
        n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    } while (n > 0);
    cr_assert(n < 0 && errno == ECONNRESET);
    close(fd);
}

Test(http_server, a_reply_in_many_pieces_comes_whole)
{
    static uint8_t bytes[1 << 20];
    size_t got = 0;

    serve();
    int fd = dial();
    say(fd, SLICE_LIT(GET("/much") GET("/hello")));
    for (int i = 0; i < 2000 && got <= sizeof much; i++) {
        ssize_t n = recv(fd, bytes, sizeof bytes, 0);
        got += n > 0 ? (size_t)n : 0;
        run_ms(1);
    }
    cr_assert_gt(got, sizeof much);
    cr_assert_eq(calls, 1, "the next one is served after it");
    close(fd);
}

Test(http_server, a_timer_may_answer)
{
    serve();
    int fd = dial();
    say(fd, SLICE_LIT(GET("/timer")));
    for (int i = 0; i < 100 && !ends; i++)
        run_ms(20);
    cr_assert_eq(ends, 1);
    cr_assert_eq(answers(hear(fd), " 200 "), 1);
    close(fd);
}

Test(http_server, a_peer_that_resets_ends_the_exchange_once)
{
    const struct linger reset = { .l_onoff = 1 };

    serve();
    int fd = dial();
    say(fd, SLICE_LIT(GET("/timer") GET("/hello")));
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
    for (int i = 0; i < 100 && http_server_connections(server); i++)
        run_ms(20);
    cr_assert_eq(ends, 1);
    cr_assert_eq(http_server_connections(server), 0);
}

Test(http_server, an_end_with_a_request_under_way_is_told_once)
{
    serve();
    int fd = dial();
    say(fd, SLICE_LIT(GET("/hold")));
    http_server_free(server);
    server = NULL;
    cr_assert_eq(ends, 1);
    close(fd);
}

Test(http_server, a_refusal_for_now_says_when_to_come_back)
{
    serve();
    struct heard *h = one(SLICE_LIT(GET("/hello")));
    cr_assert_null(strstr(h->text, "Retry-After"));
    h = one(SLICE_LIT(GET("/busy")));
    cr_assert_eq(answers(h, "HTTP/1.1 503"), 1);
    cr_assert_not_null(strstr(h->text, "\r\nRetry-After: 1\r\n"));
    cr_assert_not_null(strstr(h->text, "\"temporarily_unavailable\""));
    cr_assert_not_null(strstr(h->text, "\"E-17\""));
}

Test(http_server, drain_answers_all_who_wait_to_be_accepted)
{
    enum { MANY = 100 };
    int fds[MANY];

    serve();
    for (int i = 0; i < MANY; i++) {
        fds[i] = dial();
        (void)!send(fds[i], GET("/hello"), sizeof GET("/hello") - 1, MSG_NOSIGNAL);
    }
    http_server_drain(server, on_drained, NULL);
    for (int i = 0; i < 100 && calls < MANY; i++)
        run_ms(20);
    for (int i = 0; i < MANY; i++) {
        cr_assert_eq(answers(hear(fds[i]), " 200 "), 1);
        close(fds[i]);
    }
}

Test(http_server, drain_with_nobody_there_is_over_at_once)
{
    serve();
    http_server_drain(server, on_drained, NULL);
    cr_assert_eq(drained, 1);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    cr_assert_neq(connect(fd, (struct sockaddr *)&address, sizeof address), 0, "nobody listens");
    close(fd);
}

Test(http_server, drain_answers_a_request_that_has_begun)
{
    serve();
    int fd = dial();
    say(fd, SLICE_LIT("GET /hello HTTP/1.1\r\n"));
    http_server_drain(server, on_drained, NULL);
    cr_assert_eq(drained, 0);
    say(fd, SLICE_LIT("Host: a\r\n\r\n"));
    struct heard *h = hear(fd);
    cr_assert_eq(answers(h, " 200 "), 1);
    cr_assert_eq(answers(h, "Connection: close"), 1);
    close(fd);
    for (int i = 0; i < 100 && !drained; i++)
        run_ms(20);
    cr_assert_eq(drained, 1);
}

Test(http_server, who_observes_hears_of_every_answer_once)
{
    enum { ROUTES = sizeof routes / sizeof routes[0] };
    static const struct {
        const char *request;
        size_t route;
        unsigned code;
    } cases[] = {
        { GET("/much"), 0, 200 },
        { GET("/hello"), 3, 200 },
        { GET("/any/thing"), 8, 200 },
        { GET("/part"), ROUTES + 4, 204 },
        { GET("/none"), ROUTES, 404 },
        { "PUT /hello HTTP/1.1\r\nHost: a\r\n\r\n", ROUTES, 405 },
        { "nonsense\r\n\r\n", ROUTES, 400 },
    };

    serve();
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int fd = dial();
        say(fd, slice_of(cases[i].request));
        cr_expect_eq(observed.replies, i + 1);
        cr_expect_eq(observed.route, cases[i].route, "%s", cases[i].request);
        cr_expect_eq(observed.code, cases[i].code, "%s", cases[i].request);
        cr_expect_lt(observed.microseconds, 10000000);
        cr_expect_eq(observed.open, 1);
        close(fd);
        run_ms(20);
        cr_expect_eq(observed.open, 0);
    }
    cr_assert_eq(observed.most_open, 1);
}

Test(http_server, what_takes_time_is_measured)
{
    serve();
    int fd = dial();
    say(fd, SLICE_LIT(GET("/hold")));
    cr_assert_eq(observed.replies, 0);
    run_ms(50);
    reply_later(-1, 0, held);
    cr_assert_eq(observed.replies, 1);
    cr_assert_geq(observed.microseconds, 50000);
    close(fd);
}

/* --- PROXY headers --- */

#define V2_V4(a, b, c, d) "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" a b c d "\x7f\0\0\1\x12\x34\0\x50"
#define V2_CLIENT         V2_V4("\xc0", "\0", "\2", "\7")   /* 192.0.2.7 */
#define V2_PROXY          V2_V4("\xc0", "\0", "\2", "\x63") /* 192.0.2.99 */
#define V2_LOCAL          "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"
#define FORWARDED         "GET /who HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n"

static const char *const believed[] = { "127.0.0.1", "192.0.2.99" };

static void serve_proxied(enum proxy_mode mode)
{
    proxies = believed;
    proxy_count = 2;
    serve_as(mode);
}

Test(http_server, a_proxy_header_says_who_calls)
{
    static const struct {
        struct slice text;
        const char *peer, *trusted;
    } rows[] = {
        { SLICE_LIT(V2_CLIENT GET("/who")), "192.0.2.7", "no" },
        /* The client itself is no proxy: what it says of others counts for nothing. */
        { SLICE_LIT(V2_CLIENT FORWARDED), "192.0.2.7", "no" },
        { SLICE_LIT(V2_PROXY FORWARDED), "6.6.6.6", "yes" },
        { SLICE_LIT(V2_LOCAL GET("/who")), "127.0.0.1", "no" },
        { SLICE_LIT(V2_LOCAL FORWARDED), "127.0.0.1", "no" },
        { SLICE_LIT("PROXY TCP4 192.0.2.8 127.0.0.1 1 2\r\n" FORWARDED), "192.0.2.8", "no" },
    };
    char trusted[32];

    serve_proxied(PROXY_ANY);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct heard *h = one(rows[i].text);
        snprintf(trusted, sizeof trusted, "X-Trusted: %s\r\n", rows[i].trusted);
        cr_assert_eq(answers(h, "HTTP/1.1 200"), 1, "%zu: %s", i, h->text);
        cr_expect_str_eq(strstr(h->text, "\r\n\r\n") + 4, rows[i].peer, "%zu", i);
        cr_expect_not_null(strstr(h->text, trusted), "%zu", i);
    }
}

Test(http_server, a_proxy_header_byte_by_byte_is_for_all_requests_of_its_connection)
{
    static const char text[] = V2_CLIENT GET("/who") GET("/who");

    serve_proxied(PROXY_V2);
    int fd = dial();
    for (size_t i = 0; i < sizeof text - 1; i++) {
        (void)!send(fd, text + i, 1, 0);
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
    struct heard *h = hear(fd);
    cr_assert_eq(answers(h, "192.0.2.7"), 2, "%s", h->text);
    close(fd);
}

Test(http_server, what_begins_without_the_header_that_is_wanted_is_closed_without_an_answer)
{
    static const struct slice rows[] = {
        SLICE_LIT(GET("/who")),
        SLICE_LIT("PROXY TCP4 192.0.2.8 127.0.0.1 1 2\r\n" GET("/who")),
        SLICE_LIT("PROXY UNKNOWN\r\n" GET("/who")),
        SLICE_LIT("\r\n\r\n\0\r\nQUIT\n\x21\0\0\0" GET("/who")),
    };

    serve_proxied(PROXY_V2);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int fd = dial();
        say(fd, rows[i]);
        struct heard *h = hear(fd);
        cr_expect_eq(h->len, 0, "%zu: %s", i, h->text);
        close(fd);
        run_ms(5);
        cr_expect_eq(http_server_connections(server), 0);
    }
    cr_expect_eq(answers(one(SLICE_LIT(V2_CLIENT GET("/who"))), "HTTP/1.1 200"), 1);
}

Test(http_server, a_second_header_is_a_malformed_request)
{
    serve_proxied(PROXY_ANY);
    struct heard *h = one(SLICE_LIT(V2_CLIENT V2_PROXY GET("/who")));
    cr_expect_eq(answers(h, "HTTP/1.1 400"), 1, "%s", h->text);
    cr_expect_eq(answers(h, "HTTP/1.1"), 1);
}

Test(http_server, a_header_where_none_is_wanted_is_a_malformed_request)
{
    serve_proxied(PROXY_NONE);
    cr_expect_eq(answers(one(SLICE_LIT(V2_CLIENT GET("/who"))), "HTTP/1.1 400"), 1);
    cr_expect_eq(answers(one(SLICE_LIT("PROXY TCP4 192.0.2.8 127.0.0.1 1 2\r\n" GET("/who"))),
                         "HTTP/1.1 400"),
                 1);
    cr_expect_eq(answers(one(SLICE_LIT(GET("/who"))), "HTTP/1.1 200"), 1);
}

Test(http_server, whoever_is_no_trusted_proxy_is_closed_at_once)
{
    static const char *const others[] = { "10.0.0.1" };

    proxies = others;
    proxy_count = 1;
    serve_as(PROXY_V2);
    int fd = dial();
    say(fd, SLICE_LIT(V2_CLIENT GET("/who")));
    struct heard *h = hear(fd);
    cr_expect_eq(h->len, 0, "%s", h->text);
    cr_expect_eq(http_server_connections(server), 0);
    close(fd);
}

Test(http_server, a_proxy_header_has_a_deadline_that_bytes_do_not_extend)
{
    static const char text[] = V2_CLIENT;

    limits.proxy_ms = 300;
    serve_proxied(PROXY_V2);
    int silent = dial(), dripping = dial();
    for (size_t i = 0; i < sizeof text - 2; i++) {
        (void)!send(dripping, text + i, 1, MSG_NOSIGNAL);
        run_ms(50);
    }
    cr_expect_eq(hear(dripping)->len, 0);
    struct heard *h = hear_end(silent);
    cr_expect(h->closed);
    cr_expect_eq(h->len, 0);
    cr_expect_eq(http_server_connections(server), 0);
    close(silent);
    close(dripping);
}
