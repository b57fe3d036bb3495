#include "noise_record.h"

#include "noise_pair.h"

enum { RECORD_MAX = 128 };

struct record {
    uint8_t bytes[RECORD_MAX];
    size_t len;
};

static struct slice slice_of_record(const struct record *r)
{
    return (struct slice){ r->bytes, r->len };
}

static struct record seal(struct noise_party *from, const char *text)
{
    struct record r;
    struct writer w = writer_over(r.bytes, sizeof r.bytes);

    cr_assert_eq(noise_seal(&from->sender, slice_of(text), &w), ST_OK);
    r.len = w.len;
    return r;
}

static struct record seal_datagram(struct noise_party *from, const char *text)
{
    struct record r;
    struct writer w = writer_over(r.bytes, sizeof r.bytes);

    cr_assert_eq(noise_seal_datagram(&from->sender, slice_of(text), &w), ST_OK);
    r.len = w.len;
    return r;
}

static enum status open_record(struct noise_party *to, const struct record *r, const char *expected)
{
    uint8_t out[RECORD_MAX];
    size_t len;
    enum status st = noise_open(&to->receiver, slice_of_record(r), out, sizeof out, &len);

    if (!st)
        cr_assert(slice_is((struct slice){ out, len }, expected));
    else
        cr_assert_eq(len, 0);
    return st;
}

static enum status open_datagram(struct noise_party *to, const struct record *r,
                                 const char *expected)
{
    uint8_t out[RECORD_MAX];
    size_t len;
    enum status st = noise_open_datagram(&to->receiver, slice_of_record(r), out, sizeof out, &len);

    if (!st)
        cr_assert(slice_is((struct slice){ out, len }, expected));
    else
        cr_assert_eq(len, 0);
    return st;
}

static bool is_wiped(const struct noise_direction *d)
{
    static const struct noise_direction zeros;

    return memcmp(d->key, zeros.key, sizeof d->key) == 0 && !d->open;
}

Test(noise_record, a_stream_in_both_directions)
{
    struct noise_pair pair;

    noise_pair_open(&pair);
    for (unsigned i = 0; i < 3; i++) {
        struct record there = seal(&pair.initiator, "question");
        struct record back = seal(&pair.responder, "answer");
        cr_assert_eq(open_record(&pair.responder, &there, "question"), ST_OK);
        cr_assert_eq(open_record(&pair.initiator, &back, "answer"), ST_OK);
    }
}

Test(noise_record, a_replayed_record_ends_a_stream)
{
    struct noise_pair pair;

    noise_pair_open(&pair);
    struct record first = seal(&pair.initiator, "first"), second = seal(&pair.initiator, "second");
    cr_assert_eq(open_record(&pair.responder, &first, "first"), ST_OK);
    cr_assert_eq(open_record(&pair.responder, &first, "first"), ST_DENIED);
    cr_assert(is_wiped(&pair.responder.receiver.state));
    cr_assert_eq(open_record(&pair.responder, &second, "second"), ST_INTERNAL, "for good");
}

Test(noise_record, a_record_left_out_or_reflected_ends_a_stream)
{
    struct noise_pair pair;

    noise_pair_open(&pair);
    (void)seal(&pair.initiator, "first");
    struct record second = seal(&pair.initiator, "second");
    cr_assert_eq(open_record(&pair.responder, &second, "second"), ST_DENIED);
    struct record back = seal(&pair.responder, "answer");
    cr_assert_eq(open_record(&pair.responder, &back, "answer"), ST_INTERNAL);
    noise_pair_open(&pair);
    back = seal(&pair.responder, "answer");
    cr_assert_eq(open_record(&pair.responder, &back, "answer"), ST_DENIED, "one's own record");
}

Test(noise_record, every_bit_and_every_length_of_a_record)
{
    struct noise_pair pair;

    noise_pair_open(&pair);
    const struct noise_party fresh = pair.responder;
    const struct record good = seal(&pair.initiator, "unlock");
    for (size_t bit = 0; bit < 8 * good.len; bit++) {
        struct record bad = good;
        bad.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        pair.responder = fresh;
        cr_assert_eq(open_record(&pair.responder, &bad, ""), ST_DENIED);
        cr_assert(is_wiped(&pair.responder.receiver.state));
    }
    for (size_t len = 0; len < RECORD_MAX; len++) {
        struct record bad = good;
        bad.len = len;
        pair.responder = fresh;
        cr_assert_eq(open_record(&pair.responder, &bad, "unlock"),
                     len == good.len      ? ST_OK
                     : len < AEAD_TAG_LEN ? ST_INVALID
                                          : ST_DENIED,
                     "%zu", len);
    }
}

Test(noise_record, datagrams_are_taken_once_and_in_order)
{
    struct noise_pair pair;
    struct record r[5];

    noise_pair_open(&pair);
    for (size_t i = 0; i < 5; i++)
        r[i] = seal_datagram(&pair.initiator, "x");
    noise_receiver_allow_gaps(&pair.responder.receiver, 1);
    cr_assert_eq(open_datagram(&pair.responder, &r[0], "x"), ST_OK);
    cr_assert_eq(open_datagram(&pair.responder, &r[0], "x"), ST_EXISTS, "a replay");
    cr_assert_eq(open_datagram(&pair.responder, &r[2], "x"), ST_OK, "one is lost");
    cr_assert_eq(open_datagram(&pair.responder, &r[1], "x"), ST_EXISTS, "late");
    cr_assert_eq(open_datagram(&pair.responder, &r[2], "x"), ST_EXISTS);
    cr_assert_eq(open_datagram(&pair.responder, &r[3], "x"), ST_OK);
    cr_assert_eq(open_datagram(&pair.responder, &r[4], "x"), ST_OK);
}

Test(noise_record, gaps_from_both_sides)
{
    for (uint32_t gap = 0; gap < 3; gap++)
        for (uint32_t lost = 0; lost < 5; lost++) {
            struct noise_pair pair;
            noise_pair_open(&pair);
            if (gap)
                noise_receiver_allow_gaps(&pair.responder.receiver, gap);
            for (uint32_t i = 0; i < lost; i++)
                (void)seal_datagram(&pair.initiator, "lost");
            struct record r = seal_datagram(&pair.initiator, "x");
            cr_assert_eq(open_datagram(&pair.responder, &r, "x"), lost > gap ? ST_LOST : ST_OK);
        }
}

Test(noise_record, junk_between_datagrams_changes_nothing)
{
    struct noise_pair pair;

    noise_pair_open(&pair);
    noise_receiver_allow_gaps(&pair.responder.receiver, NOISE_GAP_MAX);
    for (unsigned i = 0; i < 3; i++) {
        struct record good = seal_datagram(&pair.initiator, "good");
        for (size_t bit = 0; bit < 8 * good.len; bit++) {
            struct record bad = good;
            bad.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            cr_assert_neq(open_datagram(&pair.responder, &bad, ""), ST_OK);
        }
        for (size_t len = 0; len < good.len; len++) {
            struct record bad = good;
            bad.len = len;
            cr_assert_neq(open_datagram(&pair.responder, &bad, ""), ST_OK);
        }
        cr_assert_eq(open_datagram(&pair.responder, &good, "good"), ST_OK);
    }
}

Test(noise_record, keys_are_replaced_at_the_same_record)
{
    struct noise_pair pair;
    uint8_t key[AEAD_KEY_LEN];

    noise_pair_open(&pair);
    memcpy(key, pair.initiator.sender.state.key, sizeof key);
    for (uint32_t i = 0; i < NOISE_REKEY_EVERY + 2; i++) {
        struct record r = seal(&pair.initiator, "x");
        cr_assert_eq(open_record(&pair.responder, &r, "x"), ST_OK, "%u", i);
        bool same = memcmp(key, pair.initiator.sender.state.key, sizeof key) == 0;
        cr_assert_eq(same, i < NOISE_REKEY_EVERY, "%u", i);
        cr_assert_arr_eq(pair.initiator.sender.state.key, pair.responder.receiver.state.key, 32);
    }
}

/* §4.2: the first 32 bytes of ENCRYPT(k, 2^64 - 1, "", zeros) */
Test(noise_record, a_new_key_is_what_the_specification_says)
{
    static const uint8_t nonce[AEAD_NONCE_LEN] = { 0,    0,    0,    0,    0xff, 0xff,
                                                   0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    static const uint8_t key[AEAD_KEY_LEN] = { 9 }, zeros[AEAD_KEY_LEN];
    uint8_t expected[AEAD_KEY_LEN + AEAD_TAG_LEN], out[64];
    struct noise_sender s;
    struct writer w = writer_over(out, sizeof out);

    cr_assert_eq(crypto_chacha_seal(key, nonce, (struct slice){ 0 },
                                    (struct slice){ zeros, sizeof zeros }, expected),
                 ST_OK);
    noise_sender_init(&s, key);
    s.state.next = NOISE_REKEY_EVERY;
    cr_assert_eq(noise_seal(&s, SLICE_LIT("x"), &w), ST_OK);
    cr_assert_arr_eq(s.state.key, expected, AEAD_KEY_LEN);
}

Test(noise_record, a_gap_over_a_new_key)
{
    struct noise_pair pair;

    noise_pair_open(&pair);
    noise_receiver_allow_gaps(&pair.responder.receiver, 10);
    pair.initiator.sender.state.next = NOISE_REKEY_EVERY - 3;
    pair.responder.receiver.state.next = NOISE_REKEY_EVERY - 3;
    struct record before = seal_datagram(&pair.initiator, "before");
    for (unsigned i = 0; i < 5; i++)
        (void)seal_datagram(&pair.initiator, "lost");
    struct record after = seal_datagram(&pair.initiator, "after");
    cr_assert_eq(open_datagram(&pair.responder, &before, "before"), ST_OK);
    struct record bad = after;
    bad.bytes[10] ^= 1;
    cr_assert_eq(open_datagram(&pair.responder, &bad, "after"), ST_DENIED);
    cr_assert_eq(pair.responder.receiver.state.epoch, 0, "junk does not move the key");
    cr_assert_eq(open_datagram(&pair.responder, &after, "after"), ST_OK);
    cr_assert_eq(open_datagram(&pair.responder, &before, "before"), ST_EXISTS);
}

Test(noise_record, the_last_counter_ends_both_directions)
{
    struct noise_pair pair;
    uint8_t out[64];
    struct writer w = writer_over(out, sizeof out);

    noise_pair_open(&pair);
    pair.initiator.sender.state.next = UINT32_MAX - 1;
    pair.responder.receiver.state.next = UINT32_MAX - 1;
    struct record last = seal(&pair.initiator, "last");
    cr_assert_eq(open_record(&pair.responder, &last, "last"), ST_OK);
    cr_assert_eq(noise_seal(&pair.initiator.sender, SLICE_LIT("x"), &w), ST_EXPIRED);
    cr_assert_eq(open_record(&pair.responder, &last, "last"), ST_EXPIRED);
}

Test(noise_record, limits_of_a_record)
{
    static uint8_t plain[NOISE_PLAIN_MAX + 1], sealed[NOISE_RECORD_MAX + 8];
    struct noise_pair pair;
    struct writer w = writer_over(sealed, sizeof sealed);
    size_t len;

    noise_pair_open(&pair);
    cr_assert_eq(
        noise_seal(&pair.initiator.sender, (struct slice){ plain, NOISE_PLAIN_MAX + 1 }, &w),
        ST_TOO_LARGE);
    cr_assert_eq(pair.initiator.sender.state.next, 0, "nothing was sealed");
    cr_assert_eq(noise_seal(&pair.initiator.sender, (struct slice){ plain, NOISE_PLAIN_MAX }, &w),
                 ST_OK);
    cr_assert_eq(
        noise_open(&pair.responder.receiver, writer_slice(&w), plain, NOISE_PLAIN_MAX, &len),
        ST_OK);
    cr_assert_eq(len, NOISE_PLAIN_MAX);
    struct record four = seal(&pair.initiator, "four");
    cr_assert_eq(noise_open(&pair.responder.receiver, slice_of_record(&four), plain, 3, &len),
                 ST_TOO_LARGE);
    noise_pair_open(&pair);
    struct record empty = seal(&pair.initiator, "");
    cr_assert_eq(open_record(&pair.responder, &empty, ""), ST_OK);
}

Test(noise_record, opens_where_it_lies)
{
    struct noise_pair pair;
    size_t len;

    noise_pair_open(&pair);
    struct record r = seal(&pair.initiator, "in place");
    cr_assert_eq(
        noise_open(&pair.responder.receiver, slice_of_record(&r), r.bytes, sizeof r.bytes, &len),
        ST_OK);
    cr_assert(slice_is((struct slice){ r.bytes, len }, "in place"));
}

Test(noise_record, cleared_is_wiped)
{
    struct noise_pair pair;
    uint8_t out[64];
    struct writer w = writer_over(out, sizeof out);

    noise_pair_open(&pair);
    noise_sender_clear(&pair.initiator.sender);
    noise_receiver_clear(&pair.initiator.receiver);
    cr_assert(is_wiped(&pair.initiator.sender.state));
    cr_assert(is_wiped(&pair.initiator.receiver.state));
    cr_assert_eq(noise_seal(&pair.initiator.sender, SLICE_LIT("x"), &w), ST_INTERNAL);
}
