/* noise_record: what is sent after a handshake: sealed records under strict counters. One object
 * a direction, so that no key ever seals two records under one nonce. */
#pragma once
#include "crypto.h"

enum {
    NOISE_RECORD_MAX = 65535, /* sealed, without a counter */
    NOISE_PLAIN_MAX = NOISE_RECORD_MAX - AEAD_TAG_LEN,
    NOISE_COUNTER_LEN = 4,     /* before a datagram's record */
    NOISE_REKEY_EVERY = 65536, /* records; §11.3: both sides know */
    NOISE_GAP_MAX = 1024
};

/* Their members are noise_record.c's alone. Both end at 2^32 - 1 records: open a new channel. */
struct noise_direction {
    bool open;
    uint32_t next;  /* counter of the next record */
    uint32_t epoch; /* times that the key was replaced */
    uint8_t key[AEAD_KEY_LEN];
};
struct noise_sender {
    struct noise_direction state;
};
struct noise_receiver {
    struct noise_direction state;
    uint32_t gap;
};

/* For noise_handshake_split, which is where keys come from. */
void noise_sender_init(struct noise_sender *s, const uint8_t key[static AEAD_KEY_LEN]);
void noise_receiver_init(struct noise_receiver *r, const uint8_t key[static AEAD_KEY_LEN]);
void noise_sender_clear(struct noise_sender *s);
void noise_receiver_clear(struct noise_receiver *r);

/* Over a stream, which loses nothing: the counters are not sent. Appends plain.len + AEAD_TAG_LEN
 * bytes. `plain` may lie where they go. ST_TOO_LARGE (nothing was sealed, the channel goes on),
 * ST_EXPIRED at the last counter, ST_INTERNAL after the end. */
enum status noise_seal(struct noise_sender *s, struct slice plain, struct writer *out) MUST_USE;

/* The next record or none: anything but ST_OK closes this direction for good. *len is sealed.len
 * - AEAD_TAG_LEN bytes in out[cap], which may be where `sealed` lies. ST_DENIED, ST_INVALID (a
 * length), ST_TOO_LARGE, ST_EXPIRED, ST_INTERNAL after the end. */
enum status noise_open(struct noise_receiver *r, struct slice sealed, uint8_t *out, size_t cap,
                       size_t *len) MUST_USE;

/* Over datagrams, which anybody may throw in: each says its counter (big-endian). */
enum status noise_seal_datagram(struct noise_sender *s, struct slice plain,
                                struct writer *out) MUST_USE;

/* How many datagrams may be missing before one that is accepted: none at first, at most
 * NOISE_GAP_MAX. */
void noise_receiver_allow_gaps(struct noise_receiver *r, uint32_t gap);

/* A refused datagram changes nothing. ST_EXISTS for a counter that is over (a replay, or late);
 * ST_LOST if more are missing before it than are allowed; otherwise as noise_open. */
enum status noise_open_datagram(struct noise_receiver *r, struct slice datagram, uint8_t *out,
                                size_t cap, size_t *len) MUST_USE;
