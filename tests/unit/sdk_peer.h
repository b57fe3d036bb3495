/* sdk_peer: a scripted peer that plays attestd for the tests of the SDK's clients. */
#pragma once
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHALLENGE                                                                                  \
    "{\"challenge\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"expires_in\":10,\"probes\":" \
    "[]}"
#define TOKEN(life) "{\"integrity_token\":\"a.b.c\",\"expires_in\":" life "}"

/* What the peer answers to the next requests, in order; the last one stays. */
static const char *script[8];
static _Atomic int requests;
static int listening;
static char url[64];
static unsigned port;

static const char *answer_for(int n)
{
    while (n > 0 && !script[n])
        n--;
    return script[n];
}

static void serve_one(int fd)
{
    char buffer[16384];
    size_t len = 0;

    while (!memmem(buffer, len, "\r\n\r\n", 4) || !memchr(buffer + len - 1, '}', 1)) {
        ssize_t n = recv(fd, buffer + len, sizeof buffer - len, 0);
        if (n <= 0)
            return;
        len += (size_t)n;
    }
    usleep(20000); /* so that others ask meanwhile */
    const char *answer = answer_for(requests++ % 8);
    (void)!write(fd, answer, strlen(answer));
}

static void *serve(void *arg)
{
    (void)arg;
    for (;;) {
        int fd = accept(listening, NULL, NULL);
        if (fd < 0)
            return NULL;
        serve_one(fd);
        close(fd);
    }
}

static int listen_somewhere(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(listen(fd, 128), 0);
    getsockname(fd, (struct sockaddr *)&address, &len);
    port = ntohs(address.sin_port);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", port);
    return fd;
}

/* Accepts in the kernel and never answers. */
static int start_silent(void)
{
    return listen_somewhere();
}

static void start_peer(void)
{
    pthread_t thread;

    listening = listen_somewhere();
    cr_assert_eq(pthread_create(&thread, NULL, serve, NULL), 0);
    pthread_detach(thread);
}

static const char *reply(char out[512], int code, const char *headers, const char *body)
{
    snprintf(out, 512, "HTTP/1.1 %d x\r\nContent-Length: %zu\r\n%s\r\n%s", code, strlen(body),
             headers, body);
    return out;
}

static char texts[8][512];
