/* channel: what session and link have in common: frames over a stream, a handshake in them, then
 * records. */
#pragma once
#include "device.h"
#include "frame.h"
#include "noise.h"

enum channel_step { CHANNEL_HELLO, CHANNEL_HANDSHAKE, CHANNEL_OPEN, CHANNEL_CLOSED };

struct channel_keys {
    struct noise_sender sender;
    struct noise_receiver receiver;
};

struct channel {
    struct vouchsafe_device *device;
    enum channel_step step;
    struct frame_reader frames;
    union {
        struct noise_handshake handshake; /* CHANNEL_HANDSHAKE */
        struct channel_keys keys;         /* CHANNEL_OPEN */
    } noise;
};

void channel_init(struct channel *c, struct vouchsafe_device *device, void *body, size_t cap);
/* CHANNEL_HANDSHAKE from now on. */
void channel_handshake(struct channel *c, enum noise_role role, struct slice prologue,
                       const uint8_t key[static OCT_KEY_LEN]);
/* One handshake message without payload, in a frame. */
enum status channel_write(struct channel *c, struct writer *w) MUST_USE;
/* ST_INVALID if it has a payload. */
enum status channel_read(struct channel *c, struct slice message) MUST_USE;
/* CHANNEL_OPEN from now on. */
enum status channel_split(struct channel *c) MUST_USE;

/* Seals the message that `encode` writes, in a frame: nothing leaves if any of it fails. */
typedef enum status channel_encode_fn(const void *message, struct writer *w);
enum status channel_send(struct channel *c, channel_encode_fn *encode, const void *message,
                         struct writer *w) MUST_USE;
/* Opens a record where it lies. */
enum status channel_open(struct channel *c, struct slice frame, struct slice *message) MUST_USE;

/* Wipes the keys; CHANNEL_CLOSED from now on. */
void channel_close(struct channel *c);
