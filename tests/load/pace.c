/* pace: somebody who asks at a steady pace on a kept connection, and measures how long each answer
 * takes from the moment at which its turn had come:
 *   pace PORT RATE REQUEST_FILE
 * until its standard input ends. Prints one line of JSON. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_MAX = 16384, ANSWER_MAX = 262144, SAMPLES_MAX = 1 << 20, PATIENCE_S = 20 };

struct pace {
    uint16_t port;
    uint64_t every_us;
    char request[REQUEST_MAX], answer[ANSWER_MAX];
    size_t request_len;
    int fd;
    size_t good, bad, failed;
    uint32_t *samples; /* us */
};

static uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void dial(struct pace *p)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(p->port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const struct timeval patience = { .tv_sec = PATIENCE_S };

    p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(p->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (p->fd >= 0 && connect(p->fd, (struct sockaddr *)&to, sizeof to) == 0)
        return;
    close(p->fd);
    p->fd = -1;
}

static void hang_up(struct pace *p)
{
    close(p->fd);
    p->fd = -1;
}

/* The length of the whole answer once its head is there; 0 before. */
static size_t whole_len(const char *text, size_t len)
{
    const char *end = memmem(text, len, "\r\n\r\n", 4);
    const char *body = end ? memmem(text, (size_t)(end - text), "\r\nContent-Length: ", 18) : NULL;

    if (!end)
        return 0;
    return (size_t)(end - text) + 4 + (body ? strtoul(body + 18, NULL, 10) : 0);
}

/* The answer's code, or 0 if there was none. */
static unsigned long ask(struct pace *p)
{
    size_t len = 0, whole = 0;

    if (send(p->fd, p->request, p->request_len, MSG_NOSIGNAL) != (ssize_t)p->request_len)
        return 0;
    while (!whole || len < whole) {
        ssize_t n = recv(p->fd, p->answer + len, sizeof p->answer - len, 0);
        if (n <= 0)
            return 0;
        len += (size_t)n;
        whole = whole_len(p->answer, len);
    }
    return strtoul(p->answer + strlen("HTTP/1.1 "), NULL, 10);
}

/* On a connection that the peer has ended between two requests it is asked anew, once. */
static unsigned long ask_somehow(struct pace *p)
{
    for (int i = 0; i < 2; i++) {
        bool fresh = p->fd < 0;
        if (fresh)
            dial(p);
        unsigned long code = p->fd < 0 ? 0 : ask(p);
        if (code)
            return code;
        if (p->fd >= 0)
            hang_up(p);
        if (fresh)
            return 0;
    }
    return 0;
}

static void note(struct pace *p, unsigned long code, uint64_t us)
{
    size_t n = p->good + p->bad;

    if (!code) {
        p->failed++;
        return;
    }
    if (n < SAMPLES_MAX)
        p->samples[n] = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
    if (code >= 200 && code < 300)
        p->good++;
    else
        p->bad++;
}

/* Waits for the next turn; true if there is none. */
static bool is_over(uint64_t until)
{
    struct pollfd input = { STDIN_FILENO, POLLIN, 0 };
    uint64_t now = now_us(), wait = until > now ? until - now : 0;
    const struct timespec left = { (time_t)(wait / 1000000), (long)(wait % 1000000) * 1000 };

    return ppoll(&input, 1, &left, NULL) > 0;
}

static int by_size(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

static void print(const struct pace *p)
{
    size_t n = p->good + p->bad;

    n = n < SAMPLES_MAX ? n : SAMPLES_MAX;
    qsort(p->samples, n, sizeof *p->samples, by_size);
    printf("{\"good\": %zu, \"bad\": %zu, \"failed\": %zu", p->good, p->bad, p->failed);
    if (n)
        printf(", \"p50_ms\": %.1f, \"p99_ms\": %.1f, \"max_ms\": %.1f", p->samples[n / 2] / 1e3,
               p->samples[n * 99 / 100] / 1e3, p->samples[n - 1] / 1e3);
    printf("}\n");
}

int main(int argc, char **argv)
{
    static struct pace p = { .fd = -1 };
    FILE *f;

    if (argc != 4 || !(f = fopen(argv[3], "rb"))) {
        fprintf(stderr, "usage: pace PORT RATE REQUEST_FILE\n");
        return 2;
    }
    p.port = (uint16_t)strtoul(argv[1], NULL, 10);
    p.every_us = 1000000 / strtoul(argv[2], NULL, 10);
    p.request_len = fread(p.request, 1, sizeof p.request, f);
    fclose(f);
    p.samples = calloc(SAMPLES_MAX, sizeof *p.samples);
    if (!p.samples)
        return 1;
    for (uint64_t due = now_us(); !is_over(due); due += p.every_us)
        note(&p, ask_somehow(&p), now_us() - due);
    print(&p);
    free(p.samples);
    return 0;
}
