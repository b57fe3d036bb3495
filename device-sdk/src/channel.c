#include "channel.h"

#include "secret.h"

void channel_init(struct channel *c, struct vouchsafe_device *device, void *body, size_t cap)
{
    *c = (struct channel){ .device = device, .step = CHANNEL_HELLO };
    frame_reader_init(&c->frames, body, cap);
}

void channel_handshake(struct channel *c, enum noise_role role, struct slice prologue,
                       const uint8_t key[static OCT_KEY_LEN])
{
    const struct noise_setup setup = {
        .role = role,
        .prologue = prologue,
        .psk = key,
        .random = device_random,
        .random_arg = c->device,
    };

    noise_handshake_init(&c->noise.handshake, &setup);
    c->step = CHANNEL_HANDSHAKE;
}

enum status channel_write(struct channel *c, struct writer *w)
{
    size_t begin = frame_begin(w);
    enum status st = noise_handshake_write(&c->noise.handshake, (struct slice){ 0 }, w);

    if (!st)
        return frame_end(w, begin);
    w->len = begin;
    return st;
}

enum status channel_read(struct channel *c, struct slice message)
{
    uint8_t none[1];
    size_t len;

    return noise_handshake_read(&c->noise.handshake, message, none, 0, &len);
}

enum status channel_split(struct channel *c)
{
    struct channel_keys keys;
    enum status st = noise_handshake_split(&c->noise.handshake, &keys.sender, &keys.receiver, NULL);

    if (!st) {
        c->noise.keys = keys;
        c->step = CHANNEL_OPEN;
    }
    secret_wipe(&keys, sizeof keys);
    return st;
}

enum status channel_send(struct channel *c, channel_encode_fn *encode, const void *message,
                         struct writer *w)
{
    size_t begin = frame_begin(w), start = w->len;
    enum status st = encode(message, w);

    if (!st) {
        struct slice plain = { w->data + start, w->len - start };
        w->len = start; /* sealed where it lies */
        st = noise_seal(&c->noise.keys.sender, plain, w);
    }
    if (!st)
        return frame_end(w, begin);
    w->len = begin;
    return st;
}

enum status channel_open(struct channel *c, struct slice frame, struct slice *message)
{
    size_t len;
    enum status st = noise_open(&c->noise.keys.receiver, frame, c->frames.body, frame.len, &len);

    *message = (struct slice){ c->frames.body, len };
    return st;
}

void channel_close(struct channel *c)
{
    secret_wipe(&c->noise, sizeof c->noise);
    c->step = CHANNEL_CLOSED;
}
