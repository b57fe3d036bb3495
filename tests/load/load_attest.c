/* load-attest: many instances of an app that attest one after the other, each over a connection of
 * its own, with an instance key of its own and the SDK's real answers:
 *   load-attest PORT CLIENT_ID CONNECTIONS SECONDS
 * Closed loop: an instance asks again once it was answered. Prints one line of JSON: how many
 * attestations, how many a second, and the median and 99th percentile of a whole one (both
 * requests and the answering between them) in microseconds. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "vouchsafe/client.h"

enum { INSTANCES_MAX = 256, SAMPLES_MAX = 100000, ANSWER_MAX = 64 * 1024 };

struct instance {
    pthread_t thread;
    double until;
    int fd;
    struct vouchsafe_core *core;
    size_t count;
    double *samples; /* SAMPLES_MAX of them */
    char request[VOUCHSAFE_MESSAGE_MAX + 512], body[VOUCHSAFE_MESSAGE_MAX];
    char answer[ANSWER_MAX];
};

static void die(const char *what)
{
    fprintf(stderr, "load-attest: %s\n", what);
    exit(1);
}

static double now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int dial(uint16_t port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0 ||
        connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        die("cannot connect");
    return fd;
}

/* --- one request --- */

static void send_request(struct instance *in, const char *path)
{
    int len = snprintf(in->request, sizeof in->request,
                       "POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                       "Content-Length: %zu\r\n\r\n%s",
                       path, strlen(in->body), in->body);

    if (send(in->fd, in->request, (size_t)len, MSG_NOSIGNAL) != len)
        die("cannot send");
}

/* Whether len bytes are a whole answer; if so, where its body starts. */
static bool is_whole(const char *text, size_t len, size_t *body)
{
    const char *end = memmem(text, len, "\r\n\r\n", 4);
    const char *length =
        end ? memmem(text, (size_t)(end - text), "\r\nContent-Length: ", 18) : NULL;

    if (!length)
        return false;
    *body = (size_t)(end - text) + 4;
    return len >= *body + strtoul(length + 18, NULL, 10);
}

/* Reads an answer that must have the code; returns its body, of *len bytes. */
static const char *receive(struct instance *in, const char *code, size_t *len)
{
    size_t got = 0, body = 0;

    while (!is_whole(in->answer, got, &body)) {
        ssize_t n = recv(in->fd, in->answer + got, sizeof in->answer - got, 0);
        if (n <= 0)
            die("no whole answer");
        got += (size_t)n;
    }
    if (strncmp(in->answer + strlen("HTTP/1.1 "), code, 3) != 0) {
        fprintf(stderr, "%.*s\n", (int)got, in->answer);
        die("refused");
    }
    *len = got - body;
    return in->answer + body;
}

/* --- attestations --- */

static void attest(struct instance *in)
{
    char token[VOUCHSAFE_TOKEN_MAX + 1];
    int64_t expires_in;
    size_t len;

    if (vouchsafe_core_challenge_request(in->core, NULL, in->body, sizeof in->body))
        die("no request for a challenge");
    send_request(in, "/v1/challenges");
    const char *challenge = receive(in, "201", &len);
    if (vouchsafe_core_answer(in->core, challenge, len, in->body, sizeof in->body))
        die("no answer to the challenge");
    send_request(in, "/v1/attestations");
    const char *answer = receive(in, "200", &len);
    if (vouchsafe_core_token(answer, len, token, &expires_in))
        die("no token");
}

static void *run(void *arg)
{
    struct instance *in = arg;
    double start = now_us();

    while (start < in->until && in->count < SAMPLES_MAX) {
        attest(in);
        double end = now_us();
        in->samples[in->count++] = end - start;
        start = end;
    }
    return NULL;
}

static void start(struct instance *in, const char *client_id, uint16_t port)
{
    in->fd = dial(port);
    in->samples = calloc(SAMPLES_MAX, sizeof *in->samples);
    if (!in->samples ||
        vouchsafe_core_new(client_id, VOUCHSAFE_KEY_P256, NULL, &in->core) != VOUCHSAFE_OK)
        die("cannot start an instance");
    attest(in); /* once, so that everything has been read */
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* All samples of all instances, sorted; *count of them. */
static double *gather(struct instance *all, size_t instances, size_t *count)
{
    double *samples;

    *count = 0;
    for (size_t i = 0; i < instances; i++)
        *count += all[i].count;
    samples = calloc(*count + 1, sizeof *samples);
    if (!samples || *count == 0)
        die("nothing was measured");
    size_t at = 0;
    for (size_t i = 0; i < instances; i++)
        for (size_t j = 0; j < all[i].count; j++)
            samples[at++] = all[i].samples[j];
    qsort(samples, *count, sizeof *samples, compare);
    return samples;
}

static void stop(struct instance *in)
{
    close(in->fd);
    vouchsafe_core_free(in->core);
    free(in->samples);
}

int main(int argc, char **argv)
{
    size_t instances = argc == 5 ? strtoul(argv[3], NULL, 10) : 0, count;

    if (instances == 0 || instances > INSTANCES_MAX)
        die("PORT CLIENT_ID CONNECTIONS SECONDS");
    struct instance *all = calloc(instances, sizeof *all);
    if (!all)
        die("no memory");
    for (size_t i = 0; i < instances; i++)
        start(&all[i], argv[2], (uint16_t)strtoul(argv[1], NULL, 10));
    double begun = now_us();
    for (size_t i = 0; i < instances; i++) {
        all[i].until = begun + strtod(argv[4], NULL) * 1e6;
        if (pthread_create(&all[i].thread, NULL, run, &all[i]) != 0)
            die("no thread");
    }
    for (size_t i = 0; i < instances; i++)
        pthread_join(all[i].thread, NULL);
    double seconds = (now_us() - begun) / 1e6;
    double *samples = gather(all, instances, &count);
    printf("{\"count\": %zu, \"per_second\": %.1f, \"p50\": %.1f, \"p99\": %.1f}\n",
           count + instances, (double)count / seconds, samples[count / 2],
           samples[count * 99 / 100]);
    for (size_t i = 0; i < instances; i++)
        stop(&all[i]);
    free(samples);
    free(all);
    return 0;
}
