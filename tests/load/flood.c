/* flood: asks an attestd for challenges that nobody answers, many at a time on kept connections,
 * and counts what it is told:
 *   flood PORT COUNT CLIENT_ID BUILD [SOURCE_ADDRESS]...
 * Connections come from the source addresses in turn. Prints one line of JSON. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loopback.h"

enum {
    CONNECTIONS = 16,
    DEPTH = 32, /* requests under way on a connection */
    OUT_CAP = 64 * 1024,
    IN_CAP = 256 * 1024,
    CODE_MAX = 600,
    PATIENCE_MS = 30000
};

struct counts {
    unsigned long codes[CODE_MAX];
    unsigned long retry_after; /* answers that have one */
    unsigned long reconnects;
};

struct connection {
    int fd;
    const char *source;
    unsigned under_way;
    size_t out_len, out_at, in_len;
    char out[OUT_CAP], in[IN_CAP];
};

struct flood {
    uint16_t port;
    unsigned long count, asked, answered;
    const char *client_id, *build;
    struct counts counts;
    struct connection connections[CONNECTIONS];
};

static void dial(const struct flood *f, struct connection *c)
{
    struct sockaddr_in to = address_of("127.0.0.1", f->port), from = address_of(c->source, 0);

    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0 || bind(c->fd, (struct sockaddr *)&from, sizeof from) != 0 ||
        connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0)
        die("connect");
    c->under_way = 0;
    c->out_len = c->out_at = c->in_len = 0;
}

/* What was under way there is asked anew. */
static void redial(struct flood *f, struct connection *c)
{
    close(c->fd);
    f->asked -= c->under_way;
    f->counts.reconnects++;
    dial(f, c);
}

/* --- asking --- */

/* Every question is of another instance: a thumbprint is 43 characters, of which the last one can
 * be an A. */
static void ask(struct flood *f, struct connection *c)
{
    char body[512];
    int body_len =
        snprintf(body, sizeof body, "{\"client_id\":\"%s\",\"build\":\"%s\",\"jkt\":\"%042luA\"}",
                 f->client_id, f->build, f->asked);

    c->out_len += (size_t)snprintf(c->out + c->out_len, OUT_CAP - c->out_len,
                                   "POST /v1/challenges HTTP/1.1\r\nHost: a\r\n"
                                   "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                                   body_len, body);
    f->asked++;
    c->under_way++;
}

static void send_some(struct flood *f, struct connection *c)
{
    if (c->out_at == c->out_len) {
        c->out_at = c->out_len = 0;
        while (c->under_way < DEPTH && f->asked < f->count)
            ask(f, c);
    }
    if (c->out_at == c->out_len)
        return;
    ssize_t n =
        send(c->fd, c->out + c->out_at, c->out_len - c->out_at, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0)
        c->out_at += (size_t)n;
    else if (errno != EAGAIN)
        redial(f, c);
}

/* --- answers --- */

/* The length of a whole answer at the start of the text, or 0; counts it. */
static size_t take_answer(struct flood *f, const char *text, size_t len)
{
    const char *end = memmem(text, len, "\r\n\r\n", 4);

    if (!end)
        return 0;
    size_t head = (size_t)(end - text) + 4;
    const char *body = memmem(text, head, "\r\nContent-Length: ", 18);
    unsigned long code = strtoul(text + strlen("HTTP/1.1 "), NULL, 10);
    if (!body || code >= CODE_MAX)
        die("an answer that is none");
    size_t whole = head + strtoul(body + 18, NULL, 10);
    if (whole > len)
        return 0;
    f->counts.codes[code]++;
    f->counts.retry_after += memmem(text, head, "\r\nRetry-After: ", 15) != NULL;
    f->answered++;
    return whole;
}

static void take_answers(struct flood *f, struct connection *c)
{
    size_t at = 0, n;

    while ((n = take_answer(f, c->in + at, c->in_len - at)) > 0) {
        at += n;
        c->under_way--;
    }
    c->in_len -= at;
    memmove(c->in, c->in + at, c->in_len);
}

static void receive(struct flood *f, struct connection *c)
{
    ssize_t n = recv(c->fd, c->in + c->in_len, IN_CAP - c->in_len, MSG_DONTWAIT);

    if (n > 0) {
        c->in_len += (size_t)n;
        take_answers(f, c);
    } else if (n == 0 || errno != EAGAIN) {
        redial(f, c);
    }
}

/* --- all of it --- */

static void turn(struct flood *f)
{
    struct pollfd fds[CONNECTIONS];

    for (int i = 0; i < CONNECTIONS; i++) {
        struct connection *c = &f->connections[i];
        send_some(f, c);
        fds[i] = (struct pollfd){ c->fd,
                                  (short)(c->out_at < c->out_len ? POLLIN | POLLOUT : POLLIN), 0 };
    }
    if (poll(fds, CONNECTIONS, PATIENCE_MS) <= 0)
        die("no answer");
    for (int i = 0; i < CONNECTIONS; i++)
        if (fds[i].revents)
            receive(f, &f->connections[i]);
}

static void print(const struct counts *counts)
{
    printf("{");
    for (int code = 0; code < CODE_MAX; code++)
        if (counts->codes[code])
            printf("\"%d\": %lu, ", code, counts->codes[code]);
    printf("\"retry_after\": %lu, \"reconnects\": %lu}\n", counts->retry_after, counts->reconnects);
}

int main(int argc, char **argv)
{
    struct flood *f = calloc(1, sizeof *f);

    if (argc < 5 || !f) {
        fprintf(stderr, "usage: flood PORT COUNT CLIENT_ID BUILD [SOURCE_ADDRESS]...\n");
        return 2;
    }
    f->port = (uint16_t)strtoul(argv[1], NULL, 10);
    f->count = strtoul(argv[2], NULL, 10);
    f->client_id = argv[3];
    f->build = argv[4];
    for (int i = 0; i < CONNECTIONS; i++) {
        f->connections[i].source = argc > 5 ? argv[5 + i % (argc - 5)] : "127.0.0.1";
        dial(f, &f->connections[i]);
    }
    while (f->answered < f->count)
        turn(f);
    print(&f->counts);
    free(f);
    return 0;
}
