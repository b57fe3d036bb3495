#include <string.h>

#include "channel.h"
#include "msg_device_beat.h"
#include "msg_device_ready.h"
#include "msg_grant_revoke.h"
#include "secret.h"

struct link {
    struct channel channel;
    uint32_t ping; /* the last one sent */
    uint8_t body[DEVICE_LINK_MESSAGE_MAX + AEAD_TAG_LEN];
};
_Static_assert(sizeof(struct link) <= VOUCHSAFE_DEVICE_LINK_LEN, "RAM of a link");

static struct link *inside(struct vouchsafe_device_link *link)
{
    return (void *)link->opaque; /* aligned as declared */
}

static enum status write_hello(const struct vouchsafe_device *d, struct writer *w)
{
    const struct device_hello hello = { .kind = DEVICE_HELLO_LINK, .value = d->id };
    size_t begin = frame_begin(w);
    enum status st = device_hello_encode(&hello, w);

    return st ? st : frame_end(w, begin);
}

enum vouchsafe_device_status vouchsafe_device_link_begin(struct vouchsafe_device_link *link,
                                                         struct vouchsafe_device *device,
                                                         struct vouchsafe_device_out *out)
{
    struct link *l = inside(link);
    struct writer w = device_writer(out);

    *l = (struct link){ .ping = 0 };
    channel_init(&l->channel, device, l->body, sizeof l->body);
    if (!device->has_link_key) {
        channel_close(&l->channel);
        return VOUCHSAFE_DEVICE_BAD_ARGUMENT;
    }
    enum status st = write_hello(device, &w);
    channel_handshake(&l->channel, NOISE_INITIATOR, device->id, device->link_key);
    if (!st)
        st = channel_write(&l->channel, &w);
    if (st)
        channel_close(&l->channel);
    else
        device_wrote(out, &w);
    return device_status(st);
}

static uint64_t time_to_tell(const struct link *l)
{
    return (uint64_t)device_time_now(&l->channel.device->time);
}

static void learn_time(struct link *l, uint64_t told)
{
    if (told <= INT64_MAX)
        device_time_learn(&l->channel.device->time, (int64_t)told, false);
}

static enum status encode_ready(const void *message, struct writer *w)
{
    return device_ready_encode(message, w);
}

static enum status encode_beat(const void *message, struct writer *w)
{
    return device_beat_encode(message, w);
}

static enum status encode_ack(const void *message, struct writer *w)
{
    return grant_ack_encode(message, w);
}

static enum status take_handshake(struct link *l, struct slice frame, struct writer *w,
                                  struct vouchsafe_device_event *event)
{
    const struct grants *grants = &l->channel.device->grants;
    const struct device_ready ready = { .capacity = (uint16_t)grants->capacity,
                                        .held = (uint16_t)grants_held(grants),
                                        .time = time_to_tell(l) };
    enum status st = channel_read(&l->channel, frame);

    if (!st)
        st = channel_split(&l->channel);
    if (!st)
        st = channel_send(&l->channel, encode_ready, &ready, w);
    if (!st)
        event->what = VOUCHSAFE_DEVICE_OPENED;
    return st;
}

static enum status take_beat(struct link *l, struct slice message, struct writer *w,
                             struct vouchsafe_device_event *event)
{
    struct device_beat beat;
    enum status st = device_beat_decode(message, &beat);

    if (st)
        return st;
    learn_time(l, beat.time);
    event->what = VOUCHSAFE_DEVICE_BEAT;
    if (beat.pong)
        return beat.number == l->ping ? ST_OK : ST_INVALID;
    beat.pong = true;
    beat.time = time_to_tell(l);
    return channel_send(&l->channel, encode_beat, &beat, w);
}

static const enum vouchsafe_device_status taken[] = {
    [GRANT_TAKEN] = VOUCHSAFE_DEVICE_OK,
    [GRANT_NO_ROOM] = VOUCHSAFE_DEVICE_FULL,
    [GRANT_LATE] = VOUCHSAFE_DEVICE_EXPIRED,
    [GRANT_REFUSED] = VOUCHSAFE_DEVICE_DENIED,
};

static enum status take_grant(struct link *l, struct slice message, struct writer *w,
                              struct vouchsafe_device_event *event)
{
    struct vouchsafe_device *d = l->channel.device;
    struct grant_ack ack;
    struct grant grant;
    enum status st = grant_decode(message, &grant);

    if (!st) {
        learn_time(l, grant.issued_at);
        ack.result = grants_put(&d->grants, &grant, device_time_now(&d->time));
        event->what = VOUCHSAFE_DEVICE_GRANTED;
        event->status = taken[ack.result];
        memcpy(ack.id, grant.id, sizeof ack.id);
        memcpy(event->grant, grant.id, sizeof event->grant);
        st = channel_send(&l->channel, encode_ack, &ack, w);
    }
    secret_wipe(&grant, sizeof grant);
    secret_wipe(l->body, sizeof l->body); /* the key came in it */
    return st;
}

static enum status take_revoke(struct link *l, struct slice message, struct writer *w,
                               struct vouchsafe_device_event *event)
{
    struct grant_ack ack = { .result = GRANT_REVOKED };
    struct grant_revoke revoke;
    enum status st = grant_revoke_decode(message, &revoke);

    if (st)
        return st;
    grants_revoke(&l->channel.device->grants, revoke.id);
    event->what = VOUCHSAFE_DEVICE_REVOKED;
    memcpy(ack.id, revoke.id, sizeof ack.id);
    memcpy(event->grant, revoke.id, sizeof event->grant);
    return channel_send(&l->channel, encode_ack, &ack, w);
}

static enum status (*const kinds[])(struct link *l, struct slice message, struct writer *w,
                                    struct vouchsafe_device_event *event) = {
    [DEVICE_PING] = take_beat,
    [DEVICE_PONG] = take_beat,
    [DEVICE_GRANT] = take_grant,
    [DEVICE_GRANT_REVOKE] = take_revoke,
};

static enum status take_record(struct link *l, struct slice frame, struct writer *w,
                               struct vouchsafe_device_event *event)
{
    struct slice message;
    enum status st = channel_open(&l->channel, frame, &message);

    if (st)
        return st;
    unsigned kind = device_message_kind(message);
    if (kind >= sizeof kinds / sizeof kinds[0] || !kinds[kind])
        return ST_UNSUPPORTED;
    return kinds[kind](l, message, w, event);
}

static enum status take(struct link *l, struct slice *in, struct vouchsafe_device_out *out,
                        struct vouchsafe_device_event *event)
{
    struct writer w = device_writer(out);
    struct slice frame;
    enum frame_progress progress = frame_read(&l->channel.frames, in, &frame);

    if (progress == FRAME_MORE)
        return ST_OK;
    if (progress == FRAME_REFUSED)
        return ST_TOO_LARGE;
    enum status st = l->channel.step == CHANNEL_HANDSHAKE ? take_handshake(l, frame, &w, event)
                                                          : take_record(l, frame, &w, event);
    device_wrote(out, &w);
    return st;
}

enum vouchsafe_device_status vouchsafe_device_link_take(struct vouchsafe_device_link *link,
                                                        const uint8_t *in, size_t len, size_t *used,
                                                        struct vouchsafe_device_out *out,
                                                        struct vouchsafe_device_event *event)
{
    struct link *l = inside(link);
    struct slice left = { in, len };

    *used = 0;
    *event = (struct vouchsafe_device_event){ .what = VOUCHSAFE_DEVICE_NOTHING };
    if (l->channel.step == CHANNEL_CLOSED)
        return VOUCHSAFE_DEVICE_CLOSED;
    enum status st = take(l, &left, out, event);
    *used = len - left.len;
    if (st)
        channel_close(&l->channel);
    return device_status(st);
}

enum vouchsafe_device_status vouchsafe_device_link_ping(struct vouchsafe_device_link *link,
                                                        struct vouchsafe_device_out *out)
{
    struct link *l = inside(link);
    struct writer w = device_writer(out);

    if (l->channel.step == CHANNEL_CLOSED)
        return VOUCHSAFE_DEVICE_CLOSED;
    if (l->channel.step != CHANNEL_OPEN)
        return VOUCHSAFE_DEVICE_BAD_ARGUMENT;
    const struct device_beat beat = { .number = l->ping + 1, .time = time_to_tell(l) };
    enum status st = channel_send(&l->channel, encode_beat, &beat, &w);
    if (!st)
        l->ping = beat.number;
    else
        channel_close(&l->channel);
    device_wrote(out, &w);
    return device_status(st);
}

void vouchsafe_device_link_end(struct vouchsafe_device_link *link)
{
    struct link *l = inside(link);

    secret_wipe(l, sizeof *l);
    l->channel.step = CHANNEL_CLOSED;
}
