/* device_peer: the device's side of a connection to the mediator, blocking, for tests. */
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frame.h"
#include "msg_device_beat.h"
#include "msg_device_ready.h"
#include "msg_grant.h"
#include "msg_grant_ack.h"
#include "msg_grant_revoke.h"
#include "noise.h"

enum { PEER_FRAME_MAX = 2048 };

struct device_peer {
    int fd;
    struct noise_sender sender;
    struct noise_receiver receiver;
};

static inline bool peer_read_all(int fd, uint8_t *out, size_t len)
{
    while (len) {
        ssize_t n = read(fd, out, len);
        if (n <= 0)
            return false;
        out += n;
        len -= (size_t)n;
    }
    return true;
}

static inline bool peer_send_frame(int fd, struct slice body)
{
    uint8_t bytes[FRAME_HEAD_LEN + PEER_FRAME_MAX];
    struct writer w = writer_over(bytes, sizeof bytes);
    size_t begin = frame_begin(&w);

    writer_put(&w, body);
    return frame_end(&w, begin) == ST_OK && send(fd, bytes, w.len, MSG_NOSIGNAL) == (ssize_t)w.len;
}

/* 0 at the end of the connection. */
static inline size_t peer_read_frame(int fd, uint8_t out[static PEER_FRAME_MAX])
{
    uint8_t head[FRAME_HEAD_LEN];

    if (!peer_read_all(fd, head, sizeof head))
        return 0;
    size_t len = (size_t)head[0] << 8 | head[1];
    return len <= PEER_FRAME_MAX && peer_read_all(fd, out, len) ? len : 0;
}

static inline int peer_dial(uint16_t port)
{
    const struct sockaddr_in to = { .sin_family = AF_INET,
                                    .sin_port = htons(port),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static inline bool peer_say_hello(int fd, const char *id)
{
    const struct device_hello hello = { .kind = DEVICE_HELLO_LINK, .value = slice_of(id) };
    uint8_t room[DEVICE_HELLO_MAX];
    struct writer w = writer_over(room, sizeof room);

    return device_hello_encode(&hello, &w) == ST_OK && peer_send_frame(fd, writer_slice(&w));
}

static inline bool peer_shake_hands(struct device_peer *p, const char *id,
                                    const uint8_t key[static OCT_KEY_LEN])
{
    const struct noise_setup setup = { .role = NOISE_INITIATOR,
                                       .prologue = slice_of(id),
                                       .psk = key,
                                       .random = crypto_system_random };
    uint8_t frame[PEER_FRAME_MAX], none[1];
    struct writer w = writer_over(frame, sizeof frame);
    struct noise_handshake h;
    size_t len;

    noise_handshake_init(&h, &setup);
    bool good = noise_handshake_write(&h, (struct slice){ NULL, 0 }, &w) == ST_OK &&
                peer_send_frame(p->fd, writer_slice(&w)) &&
                (len = peer_read_frame(p->fd, frame)) != 0 &&
                noise_handshake_read(&h, (struct slice){ frame, len }, none, 0, &len) == ST_OK &&
                noise_handshake_split(&h, &p->sender, &p->receiver, NULL) == ST_OK;
    noise_handshake_clear(&h);
    return good;
}

static inline bool peer_say(struct device_peer *p, struct slice message)
{
    uint8_t sealed[PEER_FRAME_MAX];
    struct writer w = writer_over(sealed, sizeof sealed);

    return noise_seal(&p->sender, message, &w) == ST_OK && peer_send_frame(p->fd, writer_slice(&w));
}

static inline bool peer_say_ready(struct device_peer *p)
{
    const struct device_ready ready = { .capacity = 16 };
    uint8_t room[DEVICE_LINK_MESSAGE_MAX];
    struct writer w = writer_over(room, sizeof room);

    return device_ready_encode(&ready, &w) == ST_OK && peer_say(p, writer_slice(&w));
}

/* False, with p->fd -1, if it is not let in. */
static inline bool peer_connect(struct device_peer *p, uint16_t port, const char *id,
                                const uint8_t key[static OCT_KEY_LEN])
{
    p->fd = peer_dial(port);
    if (p->fd < 0)
        return false;
    if (peer_say_hello(p->fd, id) && peer_shake_hands(p, id, key) && peer_say_ready(p))
        return true;
    close(p->fd);
    p->fd = -1;
    return false;
}

/* The kind, or 0 at the end; *message lies in room. */
static inline unsigned peer_hear(struct device_peer *p, uint8_t room[static PEER_FRAME_MAX],
                                 struct slice *message)
{
    size_t len = peer_read_frame(p->fd, room);

    if (!len || noise_open(&p->receiver, (struct slice){ room, len }, room, len, &len))
        return 0;
    *message = (struct slice){ room, len };
    return device_message_kind(*message);
}

static inline bool peer_acknowledge(struct device_peer *p, const uint8_t id[static GRANT_ID_LEN],
                                    enum grant_result result)
{
    uint8_t room[DEVICE_LINK_MESSAGE_MAX];
    struct writer w = writer_over(room, sizeof room);
    struct grant_ack ack = { .result = result };

    memcpy(ack.id, id, sizeof ack.id);
    return grant_ack_encode(&ack, &w) == ST_OK && peer_say(p, writer_slice(&w));
}

static inline bool peer_beat(struct device_peer *p, bool pong, uint32_t number)
{
    const struct device_beat beat = { .pong = pong, .number = number };
    uint8_t room[DEVICE_LINK_MESSAGE_MAX];
    struct writer w = writer_over(room, sizeof room);

    return device_beat_encode(&beat, &w) == ST_OK && peer_say(p, writer_slice(&w));
}

/* To a DEVICE_PING or DEVICE_PONG. */
static inline bool peer_answer_beat(struct device_peer *p, struct slice message)
{
    struct device_beat beat;

    return device_beat_decode(message, &beat) == ST_OK &&
           (beat.pong || peer_beat(p, true, beat.number));
}
