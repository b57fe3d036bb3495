/* test-device: a push device for tests: dials in, again and again, and prints what it is given.
 *
 *   test-device PORT ID KEY-FILE [refuse | full | mute | late | die]
 *
 * It acknowledges grants; or refuses them; or has no room; or says nothing; or takes its time; or
 * ends before it says anything. A line each: "in", "out", "grant GRANT-ID KEY NBF EXP ONCE SCOPE",
 * "revoke GRANT-ID".
 */
#include <stdio.h>
#include <stdlib.h>

#include "../device_peer.h"
#include "base64url.h"
#include "secret.h"

enum { AGAIN_US = 50 * 1000, LATE_US = 1000 * 1000, ID_TEXT = BASE64URL_LEN(GRANT_ID_LEN) + 1 };

static void print_grant(const struct grant *g)
{
    char id[ID_TEXT], key[BASE64URL_LEN(OCT_KEY_LEN) + 1];

    base64url_encode(id, (struct slice){ g->id, sizeof g->id });
    base64url_encode(key, (struct slice){ g->key, sizeof g->key });
    printf("grant %s %s %llu %llu %d %.*s\n", id, key, (unsigned long long)g->not_before,
           (unsigned long long)g->expires, g->once, (int)g->scope.len, (const char *)g->scope.data);
}

static bool take_grant(struct device_peer *p, struct slice message, const char *mood)
{
    enum grant_result result = GRANT_TAKEN;
    struct grant g;

    if (grant_decode(message, &g)) {
        puts("malformed");
        exit(EXIT_FAILURE);
    }
    print_grant(&g);
    if (strcmp(mood, "die") == 0)
        exit(EXIT_SUCCESS);
    if (strcmp(mood, "mute") == 0)
        return true;
    if (strcmp(mood, "late") == 0)
        usleep(LATE_US);
    if (strcmp(mood, "refuse") == 0)
        result = GRANT_REFUSED;
    if (strcmp(mood, "full") == 0)
        result = GRANT_NO_ROOM;
    return peer_acknowledge(p, g.id, result);
}

static bool forget_grant(struct device_peer *p, struct slice message)
{
    struct grant_revoke m;
    char id[ID_TEXT];

    if (grant_revoke_decode(message, &m))
        return false;
    base64url_encode(id, (struct slice){ m.id, sizeof m.id });
    printf("revoke %s\n", id);
    return peer_acknowledge(p, m.id, GRANT_REVOKED);
}

static bool hear(struct device_peer *p, const char *mood)
{
    uint8_t room[PEER_FRAME_MAX];
    struct slice message;

    switch (peer_hear(p, room, &message)) {
    case DEVICE_GRANT:
        return take_grant(p, message, mood);
    case DEVICE_GRANT_REVOKE:
        return forget_grant(p, message);
    case DEVICE_PING:
        return peer_answer_beat(p, message);
    case DEVICE_PONG: /* of the heartbeat that it began with: the mediator knows it now */
        puts("in");
        return true;
    default:
        return false;
    }
}

static void stay(struct device_peer *p, const char *mood)
{
    bool good = peer_beat(p, false, 0);

    while (good)
        good = hear(p, mood);
    close(p->fd);
    puts("out");
}

int main(int argc, char **argv)
{
    uint8_t key[OCT_KEY_LEN];
    struct device_peer peer;
    struct secret *text;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc < 4 || secret_read_file(argv[3], &text) ||
        base64url_decode_exact(secret_bytes(text), key, sizeof key)) {
        fputs("usage: test-device PORT ID KEY-FILE [refuse | full | mute | late | die]\n", stderr);
        return 2;
    }
    secret_free(text);
    for (;;) {
        if (peer_connect(&peer, (uint16_t)atoi(argv[1]), argv[2], key))
            stay(&peer, argc > 4 ? argv[4] : "");
        usleep(AGAIN_US);
    }
}
