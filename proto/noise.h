/* noise: the handshake Noise_NNpsk0_25519_ChaChaPoly_SHA256 (Noise specification, revision 34).
 * What two parties that share a 32-byte key open a channel with: forward secret, and bound to a
 * prologue that both know. Records follow: noise_record.h. */
#pragma once
#include "crypto_dh.h"
#include "noise_record.h"

enum {
    NOISE_PSK_LEN = 32,
    NOISE_MESSAGE_MAX = 65535,                     /* §3 */
    NOISE_OVERHEAD = KEY_COORD_LEN + AEAD_TAG_LEN, /* of either handshake message */
    NOISE_PAYLOAD_MAX = NOISE_MESSAGE_MAX - NOISE_OVERHEAD
};

/* What is to happen next; nothing else is allowed. */
enum noise_step {
    NOISE_DEAD,
    NOISE_WRITE_FIRST,
    NOISE_READ_FIRST,
    NOISE_WRITE_SECOND,
    NOISE_READ_SECOND,
    NOISE_SPLIT
};

enum noise_role { NOISE_INITIATOR, NOISE_RESPONDER };

struct noise_setup {
    enum noise_role role;
    struct slice prologue; /* grant id, device id or token, byte for byte */
    const uint8_t *psk;    /* NOISE_PSK_LEN bytes; copied */
    random_fn *random;     /* crypto_system_random, but in tests */
    void *random_arg;
};

/* Its members are noise.c's alone. */
struct noise_handshake {
    enum noise_step step;
    bool initiator;
    random_fn *random;
    void *random_arg;
    uint8_t chaining_key[SHA256_LEN];
    uint8_t hash[SHA256_LEN];
    uint8_t key[AEAD_KEY_LEN]; /* encrypts one payload, so its nonce is 0 */
    uint8_t own[KEY_COORD_LEN];
    uint8_t peer[KEY_COORD_LEN];
};

/* The initiator writes first and reads second, the responder the other way round; then both split.
 * A call out of turn, and every failure, wipes the handshake: ST_INTERNAL from then on. What
 * _init was given for random_arg must live as long as the handshake. */
void noise_handshake_init(struct noise_handshake *h, const struct noise_setup *setup);
void noise_handshake_clear(struct noise_handshake *h);
enum noise_step noise_handshake_step(const struct noise_handshake *h);

/* Appends one message: payload.len + NOISE_OVERHEAD bytes. The payload of the first one can be
 * replayed by whoever recorded it, and is not forward secret: send nothing of weight in it.
 * ST_TOO_LARGE, or what the random source returns; then nothing is appended. */
enum status noise_handshake_write(struct noise_handshake *h, struct slice payload,
                                  struct writer *out) MUST_USE;

/* Reads one message; *len is message.len - NOISE_OVERHEAD bytes in payload[cap]. ST_INVALID for an
 * impossible length, ST_TOO_LARGE if the payload does not fit, ST_DENIED if psk or prologue is
 * another one or a bit has changed. `payload` holds nothing of it then. */
enum status noise_handshake_read(struct noise_handshake *h, struct slice message, uint8_t *payload,
                                 size_t cap, size_t *len) MUST_USE;

/* Ends the handshake: one object a direction, and the handshake hash (channel binding, §11.2)
 * unless `hash` is NULL. Wipes the handshake. */
enum status noise_handshake_split(struct noise_handshake *h, struct noise_sender *sender,
                                  struct noise_receiver *receiver,
                                  uint8_t hash[SHA256_LEN]) MUST_USE;
