#include "noise.h"

#include <string.h>

#include "hkdf.h"
#include "secret.h"

#define PROTOCOL "Noise_NNpsk0_25519_ChaChaPoly_SHA256"

static const uint8_t first_nonce[AEAD_NONCE_LEN];

static struct slice bytes32(const uint8_t bytes[static SHA256_LEN])
{
    return (struct slice){ bytes, SHA256_LEN };
}

/* §5.2 MixHash */
static void mix_hash(struct noise_handshake *h, struct slice data)
{
    struct crypto_hash hash;

    crypto_hash_init(&hash);
    crypto_hash_update(&hash, bytes32(h->hash));
    crypto_hash_update(&hash, data);
    struct digest next = crypto_hash_final(&hash);
    memcpy(h->hash, next.bytes, sizeof h->hash);
}

/* §4.3 HKDF: its outputs are those of RFC 5869 without info. */
static void chain(struct noise_handshake *h, struct slice material, uint8_t *out, size_t len)
{
    (void)!hkdf_sha256(bytes32(h->chaining_key), material, (struct slice){ 0 }, out, len);
}

/* §5.2 MixKey */
static void mix_key(struct noise_handshake *h, struct slice material)
{
    uint8_t out[2][SHA256_LEN];

    chain(h, material, out[0], sizeof out);
    memcpy(h->chaining_key, out[0], SHA256_LEN);
    memcpy(h->key, out[1], SHA256_LEN);
    secret_wipe(out, sizeof out);
}

/* §5.2 MixKeyAndHash: the token "psk" */
static void mix_psk(struct noise_handshake *h, const uint8_t psk[static NOISE_PSK_LEN])
{
    uint8_t out[3][SHA256_LEN];

    chain(h, bytes32(psk), out[0], sizeof out);
    memcpy(h->chaining_key, out[0], SHA256_LEN);
    mix_hash(h, bytes32(out[1]));
    memcpy(h->key, out[2], SHA256_LEN);
    secret_wipe(out, sizeof out);
}

/* The token "e" in a pattern with psk: the public key is mixed into both (§9.2). */
static void mix_ephemeral(struct noise_handshake *h, const uint8_t public[static KEY_COORD_LEN])
{
    mix_hash(h, bytes32(public));
    mix_key(h, bytes32(public));
}

/* The token "ee" */
static enum status mix_agreement(struct noise_handshake *h)
{
    struct dh_private own;
    struct dh_public peer = { .curve = DH_X25519 };
    uint8_t shared[DH_SHARED_LEN];
    enum status st = crypto_dh_from_private(DH_X25519, h->own, &own);

    memcpy(peer.x, h->peer, sizeof peer.x);
    if (!st)
        st = crypto_dh_shared(&own, &peer, shared);
    if (!st)
        mix_key(h, bytes32(shared));
    secret_wipe(&own, sizeof own);
    secret_wipe(shared, sizeof shared);
    return st;
}

void noise_handshake_init(struct noise_handshake *h, const struct noise_setup *setup)
{
    /* The name is longer than a hash, so it is hashed (§5.2 InitializeSymmetric). */
    struct digest name = crypto_sha256(SLICE_LIT(PROTOCOL));

    *h = (struct noise_handshake){
        .step = setup->role == NOISE_INITIATOR ? NOISE_WRITE_FIRST : NOISE_READ_FIRST,
        .initiator = setup->role == NOISE_INITIATOR,
        .random = setup->random,
        .random_arg = setup->random_arg,
    };
    memcpy(h->hash, name.bytes, sizeof h->hash);
    memcpy(h->chaining_key, name.bytes, sizeof h->chaining_key);
    mix_hash(h, setup->prologue);
    mix_psk(h, setup->psk);
}

void noise_handshake_clear(struct noise_handshake *h)
{
    secret_wipe(h, sizeof *h);
    h->step = NOISE_DEAD;
}

enum noise_step noise_handshake_step(const struct noise_handshake *h)
{
    return h->step;
}

static enum status write_ephemeral(struct noise_handshake *h, struct writer *out)
{
    struct dh_private own;
    enum status st = crypto_dh_generate(DH_X25519, h->random, h->random_arg, &own);

    if (st)
        return st;
    memcpy(h->own, own.d, sizeof h->own);
    writer_put(out, bytes32(own.public.x));
    mix_ephemeral(h, own.public.x);
    secret_wipe(&own, sizeof own);
    return ST_OK;
}

/* §5.2 EncryptAndHash */
static enum status write_payload(struct noise_handshake *h, struct slice payload,
                                 struct writer *out)
{
    size_t len = payload.len + AEAD_TAG_LEN;
    uint8_t *at = writer_reserve(out, len);

    if (!at)
        return ST_TOO_LARGE;
    enum status st = crypto_chacha_seal(h->key, first_nonce, bytes32(h->hash), payload, at);
    if (!st)
        mix_hash(h, (struct slice){ at, len });
    return st;
}

static enum status write_message(struct noise_handshake *h, struct slice payload,
                                 struct writer *out)
{
    bool first = h->step == NOISE_WRITE_FIRST;

    if (!first && h->step != NOISE_WRITE_SECOND)
        return ST_INTERNAL;
    if (payload.len > NOISE_PAYLOAD_MAX)
        return ST_TOO_LARGE;
    enum status st = write_ephemeral(h, out);
    if (!st && !first)
        st = mix_agreement(h);
    if (!st)
        st = write_payload(h, payload, out);
    h->step = first ? NOISE_READ_SECOND : NOISE_SPLIT;
    return st;
}

enum status noise_handshake_write(struct noise_handshake *h, struct slice payload,
                                  struct writer *out)
{
    const size_t start = out->len;
    enum status st = write_message(h, payload, out);

    if (st) {
        out->len = start;
        noise_handshake_clear(h);
    }
    return st;
}

/* §5.2 DecryptAndHash */
static enum status read_payload(struct noise_handshake *h, struct slice sealed, uint8_t *payload)
{
    enum status st = crypto_chacha_open(h->key, first_nonce, bytes32(h->hash), sealed, payload);

    if (!st)
        mix_hash(h, sealed);
    return st;
}

static enum status read_message(struct noise_handshake *h, struct slice message, uint8_t *payload,
                                size_t cap)
{
    bool first = h->step == NOISE_READ_FIRST;

    if (!first && h->step != NOISE_READ_SECOND)
        return ST_INTERNAL;
    if (message.len < NOISE_OVERHEAD || message.len > NOISE_MESSAGE_MAX)
        return ST_INVALID;
    if (message.len - NOISE_OVERHEAD > cap)
        return ST_TOO_LARGE;
    memcpy(h->peer, message.data, sizeof h->peer);
    mix_ephemeral(h, h->peer);
    enum status st = first ? ST_OK : mix_agreement(h);
    struct slice sealed = { message.data + KEY_COORD_LEN, message.len - KEY_COORD_LEN };
    if (!st)
        st = read_payload(h, sealed, payload);
    h->step = first ? NOISE_WRITE_SECOND : NOISE_SPLIT;
    return st;
}

enum status noise_handshake_read(struct noise_handshake *h, struct slice message, uint8_t *payload,
                                 size_t cap, size_t *len)
{
    enum status st = read_message(h, message, payload, cap);

    *len = st ? 0 : message.len - NOISE_OVERHEAD;
    if (st)
        noise_handshake_clear(h);
    return st;
}

enum status noise_handshake_split(struct noise_handshake *h, struct noise_sender *sender,
                                  struct noise_receiver *receiver, uint8_t hash[SHA256_LEN])
{
    uint8_t keys[2][SHA256_LEN];
    bool ready = h->step == NOISE_SPLIT;

    if (ready) {
        chain(h, (struct slice){ 0 }, keys[0], sizeof keys);
        noise_sender_init(sender, keys[h->initiator ? 0 : 1]);
        noise_receiver_init(receiver, keys[h->initiator ? 1 : 0]);
        if (hash)
            memcpy(hash, h->hash, SHA256_LEN);
        secret_wipe(keys, sizeof keys);
    }
    noise_handshake_clear(h);
    return ready ? ST_OK : ST_INTERNAL;
}
