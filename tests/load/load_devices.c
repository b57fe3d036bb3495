/* load-devices: many push devices at once.
 *
 *   load-devices PORT PREFIX KEY-FILE COUNT
 *
 * PREFIX0, PREFIX1, ... dial in, all with the same key, and stay: heartbeats are answered and
 * grants acknowledged. Prints "connected N" when all are in, "beats N" for each heartbeat and
 * "grants N" for each grant; a connection that ends makes it end. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "../device_peer.h"
#include "base64url.h"
#include "secret.h"

enum { EVENTS = 256 };

static int fail(const char *what, unsigned i)
{
    printf("%s: device %u\n", what, i);
    return EXIT_FAILURE;
}

static bool serve(struct device_peer *p, unsigned *beats, unsigned *grants)
{
    uint8_t room[PEER_FRAME_MAX];
    struct slice message;
    struct grant g;

    switch (peer_hear(p, room, &message)) {
    case DEVICE_PING:
        printf("beats %u\n", ++*beats);
        return peer_answer_beat(p, message);
    case DEVICE_GRANT:
        printf("grants %u\n", ++*grants);
        return grant_decode(message, &g) == ST_OK && peer_acknowledge(p, g.id, GRANT_TAKEN);
    default:
        return false;
    }
}

static int stay(struct device_peer *peers, int poller)
{
    struct epoll_event events[EVENTS];
    unsigned beats = 0, grants = 0;

    for (;;) {
        int n = epoll_wait(poller, events, EVENTS, -1);
        for (int i = 0; i < n; i++)
            if (!serve(&peers[events[i].data.u32], &beats, &grants))
                return fail("ended", events[i].data.u32);
    }
}

static void raise_limit(void)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
    uint8_t key[OCT_KEY_LEN];
    struct secret *text;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc != 5 || atoi(argv[4]) < 1 || secret_read_file(argv[3], &text) ||
        base64url_decode_exact(secret_bytes(text), key, sizeof key)) {
        fputs("usage: load-devices PORT PREFIX KEY-FILE COUNT\n", stderr);
        return 2;
    }
    secret_free(text);
    raise_limit();
    unsigned count = (unsigned)atoi(argv[4]);
    struct device_peer *peers = calloc(count, sizeof *peers);
    int poller = epoll_create1(EPOLL_CLOEXEC);
    for (unsigned i = 0; i < count; i++) {
        struct epoll_event event = { .events = EPOLLIN, .data.u32 = i };
        char id[DEVICE_ID_MAX + 1];
        snprintf(id, sizeof id, "%s%u", argv[2], i);
        if (!peer_connect(&peers[i], (uint16_t)atoi(argv[1]), id, key) ||
            epoll_ctl(poller, EPOLL_CTL_ADD, peers[i].fd, &event) != 0)
            return fail("not let in", i);
    }
    printf("connected %u\n", count);
    return stay(peers, poller);
}
