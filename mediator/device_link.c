#include "device_link.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "frame.h"
#include "msg_device_beat.h"
#include "msg_device_ready.h"
#include "msg_grant_ack.h"
#include "msg_grant_revoke.h"
#include "secret.h"

enum {
    BODY_MAX = DEVICE_LINK_MESSAGE_MAX + AEAD_TAG_LEN, /* of a frame, either way */
    READ_MAX = 4096,
    OUT_MAX = 64 * 1024
};

static uint64_t now_ms(void)
{
    return clock_steady(&SYSTEM_CLOCK);
}

/* --- the end --- */

static void end_pushes(struct device_link *l, enum status st)
{
    while (l->pushes) {
        struct device_push *push = l->pushes;
        l->pushes = push->next;
        push->done(push->arg, st);
    }
    l->last = &l->pushes;
    l->pending = 0;
}

static void wipe(struct device_link *l)
{
    noise_sender_clear(&l->sender);
    noise_receiver_clear(&l->receiver);
    free(l->in); /* sealed, like what goes out */
    free(l->out);
}

void device_link_close(struct device_link *l, const char *why)
{
    bool was_in = l->state == LINK_IN;

    l->state = LINK_CLOSED;
    event_del(&l->event);
    event_del(&l->writable);
    close(l->fd);
    if (was_in)
        l->owner->gone(l->owner->arg, l, why);
    else
        l->owner->refused(l->owner->arg, why);
    end_pushes(l, ST_LOST);
    wipe(l);
    l->owner->freed(l->owner->arg, l);
    free(l);
}

void device_link_doom(struct device_link *l)
{
    l->doomed = true;
}

/* --- sending --- */

static bool send_now(struct device_link *l, struct slice *bytes)
{
    ssize_t n;

    do {
        n = send(l->fd, bytes->data, bytes->len, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK;
    *bytes = (struct slice){ bytes->data + n, bytes->len - (size_t)n };
    return true;
}

/* What is left waits behind what waits already. */
static bool keep(struct device_link *l, struct slice rest)
{
    size_t waiting = l->out_len - l->out_sent;
    uint8_t *longer = waiting + rest.len > OUT_MAX ? NULL : malloc(waiting + rest.len);

    if (!longer)
        return false;
    if (waiting)
        memcpy(longer, l->out + l->out_sent, waiting);
    memcpy(longer + waiting, rest.data, rest.len);
    free(l->out);
    l->out = longer;
    l->out_len = waiting + rest.len;
    l->out_sent = 0;
    return event_add(&l->writable, NULL) == 0;
}

static void send_all(struct device_link *l, struct slice bytes)
{
    bool good = l->out_len || send_now(l, &bytes);

    if (good && bytes.len)
        good = keep(l, bytes);
    if (!good)
        device_link_doom(l);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct device_link *l = arg;
    struct slice rest = { l->out + l->out_sent, l->out_len - l->out_sent };

    (void)fd, (void)what;
    if (!send_now(l, &rest)) {
        device_link_doom(l);
        return;
    }
    l->out_sent = l->out_len - rest.len;
    if (rest.len) {
        event_add(&l->writable, NULL);
        return;
    }
    free(l->out);
    l->out = NULL;
    l->out_len = l->out_sent = 0;
}

static enum status send_record(struct device_link *l, struct slice message)
{
    uint8_t frame[FRAME_HEAD_LEN + BODY_MAX];
    struct writer w = writer_over(frame, sizeof frame);
    size_t begin = frame_begin(&w);
    enum status st = noise_seal(&l->sender, message, &w);

    if (!st)
        st = frame_end(&w, begin);
    if (!st)
        send_all(l, writer_slice(&w));
    return st;
}

static void send_beat(struct device_link *l, bool pong, uint32_t number)
{
    const struct device_beat beat = { .pong = pong,
                                      .number = number,
                                      .time = (uint64_t)clock_wall(&SYSTEM_CLOCK) };
    uint8_t message[DEVICE_LINK_MESSAGE_MAX];
    struct writer w = writer_over(message, sizeof message);

    if (device_beat_encode(&beat, &w) || send_record(l, writer_slice(&w)))
        device_link_doom(l); /* the channel is worn out */
}

static void send_revoke(struct device_link *l, const uint8_t id[static GRANT_ID_LEN])
{
    uint8_t message[DEVICE_LINK_MESSAGE_MAX];
    struct writer w = writer_over(message, sizeof message);
    struct grant_revoke m;

    memcpy(m.id, id, sizeof m.id);
    if (grant_revoke_encode(&m, &w) || send_record(l, writer_slice(&w)))
        device_link_doom(l);
}

/* --- the handshake --- */

/* True for the key that the device's first message was made with. */
static bool try_key(const struct device_key *key, struct slice prologue, struct slice message,
                    struct noise_handshake *h)
{
    const struct noise_setup setup = { .role = NOISE_RESPONDER,
                                       .prologue = prologue,
                                       .psk = key->secret,
                                       .random = crypto_system_random };
    uint8_t none[1];
    size_t len;

    noise_handshake_init(h, &setup);
    return noise_handshake_read(h, message, none, 0, &len) == ST_OK;
}

/* What a device says it is, is bound to the handshake as its prologue. */
static bool find_key(const struct device *d, struct slice message, struct noise_handshake *h)
{
    int64_t now = clock_wall(&SYSTEM_CLOCK);

    for (size_t i = 0; i < d->key_count; i++)
        if (now < d->keys[i].until && try_key(&d->keys[i], slice_of(d->id), message, h))
            return true;
    return false;
}

static enum status answer_handshake(struct device_link *l, struct noise_handshake *h)
{
    uint8_t frame[FRAME_HEAD_LEN + NOISE_OVERHEAD];
    struct writer w = writer_over(frame, sizeof frame);
    size_t begin = frame_begin(&w);
    enum status st = noise_handshake_write(h, (struct slice){ NULL, 0 }, &w);

    if (!st)
        st = frame_end(&w, begin);
    if (!st)
        st = noise_handshake_split(h, &l->sender, &l->receiver, NULL);
    if (!st)
        send_all(l, writer_slice(&w));
    return st;
}

/* These say why not, for whoever reads the log; NULL: all is well. */

static const char *on_hello(struct device_link *l, struct slice frame)
{
    struct device_hello hello;

    if (device_hello_decode(frame, &hello) || hello.kind != DEVICE_HELLO_LINK ||
        slice_copy_text(hello.value, l->id, sizeof l->id))
        return "hello malformed";
    l->state = LINK_HANDSHAKE;
    return NULL;
}

static const char *on_handshake(struct device_link *l, struct slice frame)
{
    const struct device *d = l->owner->find(l->owner->arg, slice_of(l->id));
    struct noise_handshake h;
    const char *why = NULL;

    if (!d)
        return "device unknown or revoked";
    if (!find_key(d, frame, &h))
        why = "another key, or an altered message";
    else if (answer_handshake(l, &h))
        why = "handshake not ended";
    noise_handshake_clear(&h);
    l->state = LINK_READY;
    return why;
}

static void wait_for_heartbeat(struct device_link *l)
{
    uint64_t every = 1000 * (uint64_t)l->times->heartbeat_s;

    l->ping_at = now_ms() + every;
    l->deadline = now_ms() + 2 * every;
}

static const char *on_ready(struct device_link *l, struct slice message)
{
    struct device_ready ready;

    if (device_ready_decode(message, &ready))
        return "another record than the first one";
    /* It may have been revoked, or have come elsewhere, meanwhile. */
    if (!l->owner->find(l->owner->arg, slice_of(l->id)))
        return "device unknown or revoked";
    l->state = LINK_IN;
    wait_for_heartbeat(l);
    l->ping_at = now_ms(); /* which tells it the time */
    l->owner->in(l->owner->arg, l);
    return NULL;
}

/* --- records --- */

static struct device_push *take_push(struct device_link *l, const uint8_t id[static GRANT_ID_LEN])
{
    for (struct device_push **at = &l->pushes; *at; at = &(*at)->next) {
        struct device_push *push = *at;
        if (memcmp(push->grant_id, id, GRANT_ID_LEN) != 0)
            continue;
        *at = push->next;
        if (l->last == &push->next)
            l->last = at;
        l->pending--;
        return push;
    }
    return NULL;
}

static const enum status results[] = {
    [GRANT_TAKEN] = ST_OK,       [GRANT_NO_ROOM] = ST_BUSY,   [GRANT_LATE] = ST_EXPIRED,
    [GRANT_REFUSED] = ST_DENIED, [GRANT_REVOKED] = ST_DENIED,
};

/* One that comes late, or for what we never sent, is no harm. */
static const char *on_ack(struct device_link *l, struct slice message)
{
    struct grant_ack ack;

    if (grant_ack_decode(message, &ack))
        return "acknowledgement malformed";
    struct device_push *push = take_push(l, ack.id);
    if (push)
        push->done(push->arg, results[ack.result]);
    return NULL;
}

static const char *on_beat(struct device_link *l, struct slice message)
{
    struct device_beat beat;

    if (device_beat_decode(message, &beat))
        return "heartbeat malformed";
    if (!beat.pong)
        send_beat(l, true, beat.number);
    return NULL;
}

static const char *on_message(struct device_link *l, struct slice message)
{
    if (l->state == LINK_READY)
        return on_ready(l, message);
    wait_for_heartbeat(l);
    switch (device_message_kind(message)) {
    case DEVICE_GRANT_ACK:
        return on_ack(l, message);
    case DEVICE_PING:
    case DEVICE_PONG:
        return on_beat(l, message);
    default:
        return "record of another kind";
    }
}

static const char *open_record(struct device_link *l, struct slice frame)
{
    uint8_t plain[BODY_MAX];
    const char *why = "record altered";
    size_t len;

    if (noise_open(&l->receiver, frame, plain, sizeof plain, &len) == ST_OK)
        why = on_message(l, (struct slice){ plain, len });
    secret_wipe(plain, sizeof plain);
    return why;
}

/* --- frames --- */

static const char *on_frame(struct device_link *l, struct slice frame)
{
    if (l->state == LINK_HELLO)
        return on_hello(l, frame);
    if (l->state == LINK_HANDSHAKE)
        return on_handshake(l, frame);
    return open_record(l, frame);
}

/* Takes whole frames off the front of what has come. */
static const char *read_frames(struct device_link *l, struct slice *bytes)
{
    while (bytes->len >= FRAME_HEAD_LEN) {
        size_t len = (size_t)bytes->data[0] << 8 | bytes->data[1];
        if (len == 0 || len > BODY_MAX)
            return "frame of an impossible length";
        if (bytes->len < FRAME_HEAD_LEN + len)
            return NULL;
        const char *why = on_frame(l, (struct slice){ bytes->data + FRAME_HEAD_LEN, len });
        if (why || l->doomed)
            return why;
        *bytes =
            (struct slice){ bytes->data + FRAME_HEAD_LEN + len, bytes->len - FRAME_HEAD_LEN - len };
    }
    return NULL;
}

/* Memory is held only while a frame is on its way. */
static const char *keep_part(struct device_link *l, struct slice part)
{
    if (part.len == 0)
        return NULL;
    l->in = malloc(part.len);
    if (!l->in)
        return "no memory";
    memcpy(l->in, part.data, part.len);
    l->in_len = part.len;
    return NULL;
}

static const char *take_in(struct device_link *l, uint8_t *room, size_t len)
{
    struct slice bytes = { room, l->in_len + len };

    if (l->in) {
        memcpy(room, l->in, l->in_len);
        free(l->in);
        l->in = NULL;
        l->in_len = 0;
    }
    const char *why = read_frames(l, &bytes);
    return why || l->doomed ? why : keep_part(l, bytes);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    uint8_t room[FRAME_HEAD_LEN + BODY_MAX + READ_MAX];
    struct device_link *l = arg;
    ssize_t n = recv(fd, room + l->in_len, READ_MAX, 0);

    (void)what;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    const char *why = n > 0 ? take_in(l, room, (size_t)n)
                      : n   ? "connection broken"
                            : "closed by it";
    if (why)
        device_link_close(l, why);
}

/* --- life --- */

struct device_link *device_link_new(struct event_base *base, int fd,
                                    const struct device_link_owner *owner,
                                    const struct device_link_times *times)
{
    struct device_link *l = calloc(1, sizeof *l);
    const int on = 1;

    if (!l) {
        close(fd);
        return NULL;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    l->fd = fd;
    l->owner = owner;
    l->times = times;
    l->last = &l->pushes;
    l->deadline = now_ms() + times->handshake_ms;
    event_assign(&l->event, base, fd, EV_READ | EV_PERSIST, on_readable, l);
    event_assign(&l->writable, base, fd, EV_WRITE, on_writable, l);
    event_add(&l->event, NULL);
    return l;
}

enum status device_link_push(struct device_link *l, struct slice message, unsigned pending_max,
                             struct device_push *push)
{
    if (l->state != LINK_IN || l->doomed)
        return ST_UNAVAILABLE;
    if (l->pending >= pending_max)
        return ST_BUSY;
    enum status st = send_record(l, message);
    if (st)
        return st;
    push->next = NULL;
    push->deadline = now_ms() + l->times->push_ms;
    *l->last = push;
    l->last = &push->next;
    l->pending++;
    return ST_OK;
}

/* All wait equally long, so the oldest is due first. */
static void end_late(struct device_link *l, uint64_t now)
{
    while (l->pushes && l->pushes->deadline <= now) {
        struct device_push *push = take_push(l, l->pushes->grant_id);
        send_revoke(l, push->grant_id); /* the app will not get its token */
        push->done(push->arg, ST_TIMEOUT);
    }
}

void device_link_tick(struct device_link *l, uint64_t now)
{
    end_late(l, now);
    if (l->state == LINK_IN && l->ping_at <= now) {
        l->ping_at = now + 1000 * (uint64_t)l->times->heartbeat_s;
        send_beat(l, false, l->beat++);
    }
    if (l->doomed)
        device_link_close(l, "given up");
    else if (l->deadline <= now)
        device_link_close(l, l->state == LINK_IN ? "silent for too long" : "handshake too slow");
}
