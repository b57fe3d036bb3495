/* slow: many connections at once to one port, each of which is slow in one way until it is closed:
 *   slow PORT HOW COUNT RATE PATIENCE_MS HEAD_FILE [SOURCE_ADDRESS]...
 * At most RATE are opened a second.
 * HEAD_FILE holds what each sends at once; then, by HOW:
 *   drip  sends a byte a second more, and reads what it is told
 *   read  sends it many times, and never reads
 * Connections come from the source addresses in turn. Ends when all are closed, or after
 * PATIENCE_MS from the last one that was opened. Prints one line of JSON; times are in milliseconds
 * from what was sent first to the end that the peer made. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "loopback.h"

enum {
    OPENING_MAX = 256, /* at once */
    EVENTS = 512,
    TURN_MS = 20,
    DRIP_MS = 1000,
    HEAD_MAX = 65536,
    CODE_MAX = 600,
    /* So that a peer who is not read from has little room to write into. */
    RECEIVE_BYTES = 4096,
    SEGMENT_BYTES = 536,
    /* Questions whose answers are more than that. */
    FILL_BYTES = 32 * 1024
};

struct slow_connection {
    int fd; /* -1: never opened, or ended */
    bool connected, ended;
    uint64_t since, dripped, life;
};

struct slow {
    uint16_t port;
    bool drips;
    size_t count, opened, connected, failed, ended;
    uint64_t rate, patience, began, last_opened;
    char head[HEAD_MAX];
    size_t head_len;
    char **sources;
    size_t source_count;
    int epoll;
    unsigned long codes[CODE_MAX];
    struct slow_connection *connections;
};

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* --- opening --- */

static int open_socket(const struct slow *s, size_t number)
{
    const char *source = s->source_count ? s->sources[number % s->source_count] : "127.0.0.1";
    struct sockaddr_in from = address_of(source, 0), to = address_of("127.0.0.1", s->port);
    const int on = 1, bytes = RECEIVE_BYTES, segment = SEGMENT_BYTES;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        die("socket");
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (!s->drips) {
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
        setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
    }
    if (bind(fd, (struct sockaddr *)&from, sizeof from) != 0 ||
        (connect(fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS))
        die("connect");
    return fd;
}

static void open_next(struct slow *s)
{
    struct slow_connection *c = &s->connections[s->opened];
    struct epoll_event event = { .events = EPOLLOUT | EPOLLRDHUP, .data.ptr = c };

    *c = (struct slow_connection){ .fd = open_socket(s, s->opened) };
    if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, c->fd, &event) != 0)
        die("epoll");
    s->opened++;
    s->last_opened = now_ms();
}

/* --- what becomes of one --- */

static void end(struct slow *s, struct slow_connection *c)
{
    c->life = now_ms() - c->since;
    c->ended = true;
    close(c->fd);
    c->fd = -1;
    s->ended += c->connected;
    s->failed += !c->connected;
}

static ssize_t say(const struct slow_connection *c, const char *text, size_t len)
{
    return send(c->fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void begin(struct slow *s, struct slow_connection *c)
{
    struct epoll_event event = { .events = (s->drips ? EPOLLIN : 0) | EPOLLRDHUP, .data.ptr = c };
    size_t said = 0;

    c->connected = true;
    s->connected++;
    c->since = c->dripped = now_ms();
    epoll_ctl(s->epoll, EPOLL_CTL_MOD, c->fd, &event);
    do {
        if (say(c, s->head, s->head_len) != (ssize_t)s->head_len)
            break;
        said += s->head_len;
    } while (!s->drips && said < FILL_BYTES);
}

/* The first line of what it is told; false at the end. */
static bool hear(struct slow *s, const struct slow_connection *c)
{
    char text[4096];
    ssize_t n = recv(c->fd, text, sizeof text - 1, MSG_DONTWAIT);

    if (n <= 0)
        return n < 0 && errno == EAGAIN;
    text[n] = '\0';
    unsigned long code = n > 12 ? strtoul(text + strlen("HTTP/1.1 "), NULL, 10) : 0;
    if (code < CODE_MAX)
        s->codes[code]++;
    return true;
}

static void on_event(struct slow *s, struct slow_connection *c, uint32_t what)
{
    if (c->ended)
        return;
    if (!c->connected && what & EPOLLOUT && !(what & (EPOLLERR | EPOLLHUP))) {
        begin(s, c);
        return;
    }
    bool over = what & (EPOLLERR | EPOLLHUP) || (what & EPOLLRDHUP && !s->drips);
    if (s->drips)
        while (!over && what & (EPOLLIN | EPOLLRDHUP) && hear(s, c))
            if (!(what & EPOLLRDHUP))
                return;
    if (over || what & EPOLLRDHUP)
        end(s, c);
}

static void drip(const struct slow *s)
{
    uint64_t now = now_ms();

    for (size_t i = 0; i < s->opened; i++) {
        struct slow_connection *c = &s->connections[i];
        if (c->connected && !c->ended && now - c->dripped >= DRIP_MS) {
            c->dripped = now;
            (void)say(c, "x", 1);
        }
    }
}

/* --- all of it --- */

static bool turn(struct slow *s)
{
    struct epoll_event events[EVENTS];

    uint64_t due = (now_ms() - s->began) * s->rate / 1000;
    while (s->opened < s->count && s->opened < due &&
           s->opened - s->connected - s->failed < OPENING_MAX)
        open_next(s);
    int n = epoll_wait(s->epoll, events, EVENTS, TURN_MS);
    for (int i = 0; i < n; i++)
        on_event(s, events[i].data.ptr, events[i].events);
    if (s->drips)
        drip(s);
    return s->ended + s->failed < s->count &&
           (s->opened < s->count || now_ms() - s->last_opened < s->patience);
}

static int by_life(const void *a, const void *b)
{
    const struct slow_connection *x = a, *y = b;

    return x->life < y->life ? -1 : x->life > y->life;
}

/* Those that ended stand behind the others, in the order of their lives. */
static void print(struct slow *s)
{
    qsort(s->connections, s->count, sizeof *s->connections, by_life);
    const struct slow_connection *first = s->connections + (s->count - s->ended);
    printf("{\"connected\": %zu, \"failed\": %zu, \"closed\": %zu", s->connected, s->failed,
           s->ended);
    if (s->ended)
        printf(", \"min_ms\": %llu, \"p50_ms\": %llu, \"max_ms\": %llu",
               (unsigned long long)first->life, (unsigned long long)first[s->ended / 2].life,
               (unsigned long long)first[s->ended - 1].life);
    printf(", \"codes\": {");
    const char *comma = "";
    for (int code = 0; code < CODE_MAX; code++)
        if (s->codes[code]) {
            printf("%s\"%d\": %lu", comma, code, s->codes[code]);
            comma = ", ";
        }
    printf("}}\n");
}

static void read_head(struct slow *s, const char *path)
{
    FILE *f = fopen(path, "rb");

    if (!f)
        die(path);
    s->head_len = fread(s->head, 1, sizeof s->head, f);
    fclose(f);
}

static void raise_limit(size_t count)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        die("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < count + 16) {
        fprintf(stderr, "slow: %zu connections need more descriptors than %llu\n", count,
                (unsigned long long)limit.rlim_max);
        exit(3);
    }
}

int main(int argc, char **argv)
{
    static struct slow s;

    if (argc < 7) {
        fprintf(
            stderr,
            "usage: slow PORT drip|read COUNT RATE PATIENCE_MS HEAD_FILE [SOURCE_ADDRESS]...\n");
        return 2;
    }
    s.port = (uint16_t)strtoul(argv[1], NULL, 10);
    s.drips = strcmp(argv[2], "drip") == 0;
    s.count = strtoul(argv[3], NULL, 10);
    s.rate = strtoul(argv[4], NULL, 10);
    s.patience = strtoul(argv[5], NULL, 10);
    read_head(&s, argv[6]);
    s.sources = argv + 7;
    s.source_count = (size_t)(argc - 7);
    raise_limit(s.count);
    s.epoll = epoll_create1(EPOLL_CLOEXEC);
    s.connections = calloc(s.count + 1, sizeof *s.connections);
    if (s.epoll < 0 || !s.connections)
        die("start");
    s.began = now_ms();
    while (turn(&s))
        ;
    print(&s);
    free(s.connections);
    return 0;
}
