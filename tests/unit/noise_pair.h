/* noise_pair: both ends of a channel, with ephemeral keys that are handed in or random. */
#pragma once
#include <criterion/criterion.h>
#include <string.h>

#include "noise.h"

struct noise_party {
    struct noise_handshake handshake;
    struct noise_sender sender;
    struct noise_receiver receiver;
    uint8_t hash[SHA256_LEN];
};

struct noise_pair {
    struct noise_party initiator;
    struct noise_party responder;
};

/* A random source that always gives the same key. */
static inline enum status noise_fixed(void *arg, uint8_t *out, size_t len)
{
    memcpy(out, arg, len);
    return ST_OK;
}

static inline void noise_party_begin(struct noise_party *p, enum noise_role role,
                                     struct slice prologue, const uint8_t *psk, uint8_t *ephemeral)
{
    const struct noise_setup setup = {
        .role = role,
        .prologue = prologue,
        .psk = psk,
        .random = ephemeral ? noise_fixed : crypto_system_random,
        .random_arg = ephemeral,
    };

    noise_handshake_init(&p->handshake, &setup);
}

static inline void noise_pair_begin(struct noise_pair *pair)
{
    static const uint8_t psk[NOISE_PSK_LEN] = { 1, 2, 3 };

    noise_party_begin(&pair->initiator, NOISE_INITIATOR, SLICE_LIT("grant"), psk, NULL);
    noise_party_begin(&pair->responder, NOISE_RESPONDER, SLICE_LIT("grant"), psk, NULL);
}

/* One message from one to the other, with a payload. */
static inline enum status noise_pass(struct noise_party *from, struct noise_party *to)
{
    uint8_t message[256], payload[64];
    struct writer w = writer_over(message, sizeof message);
    size_t len;

    cr_assert_eq(noise_handshake_write(&from->handshake, SLICE_LIT("hi"), &w), ST_OK);
    return noise_handshake_read(&to->handshake, writer_slice(&w), payload, sizeof payload, &len);
}

static inline enum status noise_party_split(struct noise_party *p)
{
    return noise_handshake_split(&p->handshake, &p->sender, &p->receiver, p->hash);
}

/* A channel that is open on both sides. */
static inline void noise_pair_open(struct noise_pair *pair)
{
    noise_pair_begin(pair);
    cr_assert_eq(noise_pass(&pair->initiator, &pair->responder), ST_OK);
    cr_assert_eq(noise_pass(&pair->responder, &pair->initiator), ST_OK);
    cr_assert_eq(noise_party_split(&pair->initiator), ST_OK);
    cr_assert_eq(noise_party_split(&pair->responder), ST_OK);
}
