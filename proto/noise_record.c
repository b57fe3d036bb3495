#include "noise_record.h"

#include <string.h>

#include "secret.h"

struct nonce {
    uint8_t bytes[AEAD_NONCE_LEN];
};

/* 32 zero bits, then the counter as 64 bits, little-endian (§12.3). */
static struct nonce nonce_of(uint64_t counter)
{
    struct nonce n = { { 0 } };

    for (size_t i = 0; i < 8; i++)
        n.bytes[4 + i] = (uint8_t)(counter >> 8 * i);
    return n;
}

/* REKEY (§4.2): the first 32 bytes of ENCRYPT(k, 2^64 - 1, "", 32 zero bytes). */
static enum status rekey(struct noise_direction *d)
{
    static const uint8_t zeros[AEAD_KEY_LEN];
    const struct nonce last = nonce_of(UINT64_MAX);
    uint8_t out[AEAD_KEY_LEN + AEAD_TAG_LEN];
    enum status st = crypto_chacha_seal(d->key, last.bytes, (struct slice){ 0 },
                                        (struct slice){ zeros, sizeof zeros }, out);

    if (!st) {
        memcpy(d->key, out, sizeof d->key);
        d->epoch++;
    }
    secret_wipe(out, sizeof out);
    return st;
}

/* Brings the key to the epoch of record n, which is not behind it. */
static enum status advance(struct noise_direction *d, uint32_t n)
{
    enum status st = ST_OK;

    while (!st && d->epoch < n / NOISE_REKEY_EVERY)
        st = rekey(d);
    return st;
}

static void begin(struct noise_direction *d, const uint8_t key[static AEAD_KEY_LEN])
{
    *d = (struct noise_direction){ .open = true };
    memcpy(d->key, key, sizeof d->key);
}

static void end(struct noise_direction *d)
{
    secret_wipe(d, sizeof *d);
}

void noise_sender_init(struct noise_sender *s, const uint8_t key[static AEAD_KEY_LEN])
{
    begin(&s->state, key);
}

void noise_receiver_init(struct noise_receiver *r, const uint8_t key[static AEAD_KEY_LEN])
{
    begin(&r->state, key);
    r->gap = 0;
}

void noise_sender_clear(struct noise_sender *s)
{
    end(&s->state);
}

void noise_receiver_clear(struct noise_receiver *r)
{
    end(&r->state);
}

void noise_receiver_allow_gaps(struct noise_receiver *r, uint32_t gap)
{
    r->gap = gap < NOISE_GAP_MAX ? gap : NOISE_GAP_MAX;
}

static enum status may_go_on(const struct noise_direction *d)
{
    if (!d->open)
        return ST_INTERNAL;
    return d->next == UINT32_MAX ? ST_EXPIRED : ST_OK;
}

/* The counter moves before the key is used: no failure makes a nonce come twice. */
static enum status seal_next(struct noise_direction *d, struct slice plain, uint8_t *out)
{
    const uint32_t n = d->next++;
    const struct nonce nonce = nonce_of(n);
    enum status st = advance(d, n);

    if (!st)
        st = crypto_chacha_seal(d->key, nonce.bytes, (struct slice){ 0 }, plain, out);
    if (st)
        end(d);
    return st;
}

static enum status seal_behind(struct noise_sender *s, size_t prefix, struct slice plain,
                               struct writer *out)
{
    enum status st = may_go_on(&s->state);

    if (st)
        return st;
    if (plain.len > NOISE_PLAIN_MAX)
        return ST_TOO_LARGE;
    const uint32_t n = s->state.next;
    const size_t start = out->len;
    uint8_t *at = writer_reserve(out, prefix + plain.len + AEAD_TAG_LEN);
    if (!at)
        return ST_TOO_LARGE;
    for (size_t i = 0; i < prefix; i++)
        at[i] = (uint8_t)(n >> 8 * (prefix - 1 - i));
    st = seal_next(&s->state, plain, at + prefix);
    if (st)
        out->len = start;
    return st;
}

enum status noise_seal(struct noise_sender *s, struct slice plain, struct writer *out)
{
    return seal_behind(s, 0, plain, out);
}

enum status noise_seal_datagram(struct noise_sender *s, struct slice plain, struct writer *out)
{
    return seal_behind(s, NOISE_COUNTER_LEN, plain, out);
}

static enum status check_length(struct slice sealed, size_t cap)
{
    if (sealed.len < AEAD_TAG_LEN || sealed.len > NOISE_RECORD_MAX)
        return ST_INVALID;
    return sealed.len - AEAD_TAG_LEN > cap ? ST_TOO_LARGE : ST_OK;
}

/* Opens record n, at or after the next one, and moves on behind it; otherwise nothing moves. */
static enum status open_at(struct noise_direction *d, uint32_t n, struct slice sealed, uint8_t *out)
{
    struct noise_direction then = *d;
    const struct nonce nonce = nonce_of(n);
    enum status st = advance(&then, n);

    if (!st)
        st = crypto_chacha_open(then.key, nonce.bytes, (struct slice){ 0 }, sealed, out);
    if (!st) {
        then.next = n + 1;
        *d = then;
    }
    secret_wipe(&then, sizeof then);
    return st;
}

enum status noise_open(struct noise_receiver *r, struct slice sealed, uint8_t *out, size_t cap,
                       size_t *len)
{
    enum status st = may_go_on(&r->state);

    if (!st)
        st = check_length(sealed, cap);
    if (!st)
        st = open_at(&r->state, r->state.next, sealed, out);
    *len = st ? 0 : sealed.len - AEAD_TAG_LEN;
    if (st)
        end(&r->state);
    return st;
}

static enum status check_counter(const struct noise_receiver *r, uint32_t n)
{
    if (n < r->state.next)
        return ST_EXISTS;
    if (n == UINT32_MAX)
        return ST_EXPIRED;
    return n - r->state.next > r->gap ? ST_LOST : ST_OK;
}

enum status noise_open_datagram(struct noise_receiver *r, struct slice datagram, uint8_t *out,
                                size_t cap, size_t *len)
{
    uint32_t n = 0;
    enum status st = may_go_on(&r->state);

    *len = 0;
    if (st)
        return st;
    if (datagram.len < NOISE_COUNTER_LEN)
        return ST_INVALID;
    for (size_t i = 0; i < NOISE_COUNTER_LEN; i++)
        n = n << 8 | datagram.data[i];
    struct slice sealed = { datagram.data + NOISE_COUNTER_LEN, datagram.len - NOISE_COUNTER_LEN };
    st = check_length(sealed, cap);
    if (!st)
        st = check_counter(r, n);
    if (!st)
        st = open_at(&r->state, n, sealed, out);
    if (!st)
        *len = sealed.len - AEAD_TAG_LEN;
    return st;
}
