#include "noise.h"

#include "noise_pair.h"
#include "vectors.h"

enum { MESSAGES_MAX = 16, MESSAGE_MAX = 256 };

/* One message of the vector, from who sends it to who receives it. */
static void check_message(const cJSON *message, struct noise_party *from, struct noise_party *to,
                          bool handshake)
{
    uint8_t plain[MESSAGE_MAX], expected[MESSAGE_MAX], sealed[MESSAGE_MAX], opened[MESSAGE_MAX];
    size_t plain_len = vectors_hex(message, "payload", plain, sizeof plain);
    size_t expected_len = vectors_hex(message, "ciphertext", expected, sizeof expected);
    struct writer w = writer_over(sealed, sizeof sealed);
    struct slice payload = { plain, plain_len };
    size_t len;

    cr_assert_eq(handshake ? noise_handshake_write(&from->handshake, payload, &w)
                           : noise_seal(&from->sender, payload, &w),
                 ST_OK);
    cr_assert_eq(w.len, expected_len);
    cr_assert_arr_eq(sealed, expected, expected_len);
    cr_assert_eq(
        handshake
            ? noise_handshake_read(&to->handshake, writer_slice(&w), opened, sizeof opened, &len)
            : noise_open(&to->receiver, writer_slice(&w), opened, sizeof opened, &len),
        ST_OK);
    cr_assert_eq(len, plain_len);
    cr_assert_arr_eq(opened, plain, plain_len);
}

static void begin_as_vector(const cJSON *vector, const char *side, enum noise_role role,
                            struct noise_party *party, uint8_t *ephemeral)
{
    uint8_t prologue[64], psk[NOISE_PSK_LEN];
    char name[32];
    size_t len;

    snprintf(name, sizeof name, "%s_ephemeral", side);
    cr_assert_eq(vectors_hex(vector, name, ephemeral, 32), 32);
    snprintf(name, sizeof name, "%s_psks", side);
    const char *text = cJSON_GetArrayItem(cJSON_GetObjectItem(vector, name), 0)->valuestring;
    cr_assert_eq(hex_decode(slice_of(text), psk, sizeof psk, &len), ST_OK);
    snprintf(name, sizeof name, "%s_prologue", side);
    len = vectors_hex(vector, name, prologue, sizeof prologue);
    noise_party_begin(party, role, (struct slice){ prologue, len }, psk, ephemeral);
}

Test(noise, public_vector_to_the_byte)
{
    cJSON *json = vectors_open("noise/nnpsk0_25519_chachapoly_sha256.json");
    const cJSON *vector = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "vectors"), 0);
    const cJSON *messages = cJSON_GetObjectItem(vector, "messages");
    struct noise_pair pair;
    uint8_t ephemerals[2][32], hash[SHA256_LEN];

    begin_as_vector(vector, "init", NOISE_INITIATOR, &pair.initiator, ephemerals[0]);
    begin_as_vector(vector, "resp", NOISE_RESPONDER, &pair.responder, ephemerals[1]);
    cr_assert_eq(cJSON_GetArraySize(messages), 6);
    for (int i = 0; i < 6; i++) {
        struct noise_party *from = i % 2 ? &pair.responder : &pair.initiator;
        struct noise_party *to = i % 2 ? &pair.initiator : &pair.responder;
        check_message(cJSON_GetArrayItem(messages, i), from, to, i < 2);
        if (i == 1) {
            cr_assert_eq(noise_party_split(from), ST_OK);
            cr_assert_eq(noise_party_split(to), ST_OK);
        }
    }
    cr_assert_eq(vectors_hex(vector, "handshake_hash", hash, sizeof hash), sizeof hash);
    cr_assert_arr_eq(pair.initiator.hash, hash, sizeof hash);
    cr_assert_arr_eq(pair.responder.hash, hash, sizeof hash);
    cJSON_Delete(json);
}

/* The same without the vectors' folder: its messages 1 and 2, and the hash. */
Test(noise, vector_that_is_always_here)
{
    static const char prologue[] = "John Galt", psk[] = "This is my Austrian perspective!";
    uint8_t ephemerals[2][32], message[128], payload[64], hash[SHA256_LEN];
    struct noise_pair pair;
    size_t len;

    cr_assert_eq(hex_decode(SLICE_LIT("893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977"
                                      "c464a"),
                            ephemerals[0], 32, &len),
                 ST_OK);
    cr_assert_eq(hex_decode(SLICE_LIT("bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6"
                                      "b375b"),
                            ephemerals[1], 32, &len),
                 ST_OK);
    noise_party_begin(&pair.initiator, NOISE_INITIATOR, slice_of(prologue), (const uint8_t *)psk,
                      ephemerals[0]);
    noise_party_begin(&pair.responder, NOISE_RESPONDER, slice_of(prologue), (const uint8_t *)psk,
                      ephemerals[1]);
    struct writer w = writer_over(message, sizeof message);
    cr_assert_eq(
        noise_handshake_write(&pair.initiator.handshake, SLICE_LIT("Ludwig von Mises"), &w), ST_OK);
    cr_assert_eq(noise_handshake_read(&pair.responder.handshake, writer_slice(&w), payload,
                                      sizeof payload, &len),
                 ST_OK);
    w.len = 0;
    cr_assert_eq(noise_handshake_write(&pair.responder.handshake, SLICE_LIT("Murray Rothbard"), &w),
                 ST_OK);
    cr_assert_eq(noise_handshake_read(&pair.initiator.handshake, writer_slice(&w), payload,
                                      sizeof payload, &len),
                 ST_OK);
    cr_assert_eq(len, 15);
    cr_assert_arr_eq(payload, "Murray Rothbard", 15);
    cr_assert_eq(noise_party_split(&pair.initiator), ST_OK);
    cr_assert_eq(hex_decode(SLICE_LIT("f4d03dc34495c95729ea6de9e1b59004b59733102488b3e24bc441e0be2"
                                      "08eaf"),
                            hash, sizeof hash, &len),
                 ST_OK);
    cr_assert_arr_eq(pair.initiator.hash, hash, sizeof hash);
}

static bool is_dead_and_wiped(const struct noise_handshake *h)
{
    static const uint8_t zeros[sizeof h->chaining_key];

    return noise_handshake_step(h) == NOISE_DEAD && memcmp(h->key, zeros, sizeof h->key) == 0 &&
           memcmp(h->own, zeros, sizeof h->own) == 0 &&
           memcmp(h->chaining_key, zeros, sizeof zeros) == 0;
}

/* What a party may be asked for. */
static enum status call(struct noise_party *p, unsigned what)
{
    static const uint8_t message[NOISE_OVERHEAD];
    uint8_t out[256];
    struct writer w = writer_over(out, sizeof out);
    size_t len;

    switch (what) {
    case 0:
        return noise_handshake_write(&p->handshake, (struct slice){ 0 }, &w);
    case 1:
        return noise_handshake_read(&p->handshake, (struct slice){ message, sizeof message }, out,
                                    sizeof out, &len);
    default:
        return noise_party_split(p);
    }
}

/* Brings a party to its n-th step. */
static void bring_to(struct noise_pair *pair, bool initiator, unsigned step)
{
    noise_pair_begin(pair);
    if (step > 0)
        cr_assert_eq(noise_pass(&pair->initiator, &pair->responder), ST_OK);
    if (step > 1)
        cr_assert_eq(noise_pass(&pair->responder, &pair->initiator), ST_OK);
    if (step > 2)
        cr_assert_eq(noise_party_split(initiator ? &pair->initiator : &pair->responder), ST_OK);
}

Test(noise, a_call_out_of_turn_ends_and_wipes_the_handshake)
{
    /* what is allowed at steps 0 to 3 */
    static const unsigned allowed[2][4] = { { 1, 0, 2, 9 }, { 0, 1, 2, 9 } };
    struct noise_pair pair;

    for (unsigned initiator = 0; initiator < 2; initiator++)
        for (unsigned step = 0; step < 4; step++)
            for (unsigned what = 0; what < 3; what++) {
                struct noise_party *p = initiator ? &pair.initiator : &pair.responder;
                bring_to(&pair, initiator, step);
                if (what == allowed[initiator][step])
                    continue;
                cr_assert_eq(call(p, what), ST_INTERNAL, "%u %u %u", initiator, step, what);
                cr_assert(is_dead_and_wiped(&p->handshake));
                for (unsigned again = 0; again < 3; again++)
                    cr_assert_eq(call(p, again), ST_INTERNAL, "dead for good");
            }
}

/* Message 1 or 2 of a fresh handshake, altered by `alter`; what reading it says. */
static enum status read_altered(unsigned number, void (*alter)(struct writer *w, size_t at),
                                size_t at, size_t *total)
{
    struct noise_pair pair;
    uint8_t message[256], payload[64];
    struct writer w = writer_over(message, sizeof message);
    size_t len;

    noise_pair_begin(&pair);
    struct noise_party *from = number ? &pair.responder : &pair.initiator;
    struct noise_party *to = number ? &pair.initiator : &pair.responder;
    if (number)
        cr_assert_eq(noise_pass(&pair.initiator, &pair.responder), ST_OK);
    cr_assert_eq(noise_handshake_write(&from->handshake, SLICE_LIT("payload"), &w), ST_OK);
    *total = w.len;
    alter(&w, at);
    enum status st =
        noise_handshake_read(&to->handshake, writer_slice(&w), payload, sizeof payload, &len);
    cr_assert_eq(is_dead_and_wiped(&to->handshake), st != ST_OK);
    cr_assert_eq(len, st ? 0 : 7);
    return st;
}

static void leave(struct writer *w, size_t at)
{
    (void)w;
    (void)at;
}

static void flip(struct writer *w, size_t at)
{
    w->data[at / 8] ^= (uint8_t)(1 << at % 8);
}

static void truncate_to(struct writer *w, size_t at)
{
    w->len = at;
}

static void lengthen(struct writer *w, size_t at)
{
    w->data[w->len++] = (uint8_t)at;
}

Test(noise, every_bit_of_both_messages_counts)
{
    for (unsigned number = 0; number < 2; number++) {
        size_t total, ignored;
        cr_assert_eq(read_altered(number, leave, 0, &total), ST_OK);
        for (size_t bit = 0; bit < 8 * total; bit++)
            cr_assert_eq(read_altered(number, flip, bit, &ignored), ST_DENIED, "%u: bit %zu",
                         number, bit);
        for (size_t len = 0; len < total; len++)
            cr_assert_eq(read_altered(number, truncate_to, len, &ignored),
                         len < NOISE_OVERHEAD ? ST_INVALID : ST_DENIED, "%u: %zu", number, len);
        cr_assert_eq(read_altered(number, lengthen, 0, &ignored), ST_DENIED);
    }
}

Test(noise, another_psk_or_prologue)
{
    static const uint8_t psks[2][NOISE_PSK_LEN] = { { 1 }, { 2 } };
    static const char *const prologues[] = { "one", "two" };
    struct noise_pair pair;

    for (unsigned psk = 0; psk < 2; psk++)
        for (unsigned prologue = 0; prologue < 2; prologue++) {
            noise_party_begin(&pair.initiator, NOISE_INITIATOR, SLICE_LIT("one"), psks[0], NULL);
            noise_party_begin(&pair.responder, NOISE_RESPONDER, slice_of(prologues[prologue]),
                              psks[psk], NULL);
            cr_assert_eq(noise_pass(&pair.initiator, &pair.responder),
                         psk || prologue ? ST_DENIED : ST_OK);
        }
}

Test(noise, a_recorded_first_message_opens_nothing)
{
    struct noise_pair pair, replayed;
    uint8_t first[128], record[128], payload[64];
    struct writer message = writer_over(first, sizeof first);
    struct writer sealed = writer_over(record, sizeof record);
    size_t len;

    noise_pair_begin(&pair);
    noise_pair_begin(&replayed);
    cr_assert_eq(noise_handshake_write(&pair.initiator.handshake, SLICE_LIT(""), &message), ST_OK);
    struct noise_party *const responders[] = { &pair.responder, &replayed.responder };
    for (size_t i = 0; i < 2; i++)
        cr_assert_eq(noise_handshake_read(&responders[i]->handshake, writer_slice(&message),
                                          payload, sizeof payload, &len),
                     ST_OK, "it is genuine");
    cr_assert_eq(noise_pass(&pair.responder, &pair.initiator), ST_OK);
    cr_assert_eq(noise_party_split(&pair.initiator), ST_OK);
    cr_assert_eq(noise_party_split(&pair.responder), ST_OK);
    cr_assert_eq(noise_seal(&pair.initiator.sender, SLICE_LIT("open"), &sealed), ST_OK);
    cr_assert_eq(call(&replayed.responder, 0), ST_OK, "its answer helps nobody");
    cr_assert_eq(noise_party_split(&replayed.responder), ST_OK);
    for (size_t i = 0; i < 2; i++)
        cr_assert_eq(noise_open(&responders[i]->receiver, writer_slice(&sealed), payload,
                                sizeof payload, &len),
                     i ? ST_DENIED : ST_OK);
}

static enum status no_entropy(void *arg, uint8_t *out, size_t len)
{
    (void)arg;
    memset(out, 7, len);
    return ST_UNAVAILABLE;
}

Test(noise, without_entropy_nothing_is_sent)
{
    struct noise_pair pair;
    uint8_t message[128];
    struct writer w = writer_over(message, sizeof message);

    noise_pair_begin(&pair);
    pair.initiator.handshake.random = no_entropy;
    cr_assert_eq(noise_handshake_write(&pair.initiator.handshake, SLICE_LIT(""), &w),
                 ST_UNAVAILABLE);
    cr_assert_eq(w.len, 0);
    cr_assert(is_dead_and_wiped(&pair.initiator.handshake));
}

Test(noise, limits_of_a_message)
{
    static uint8_t message[NOISE_MESSAGE_MAX + 1], payload[NOISE_MESSAGE_MAX + 1];
    struct noise_pair pair;
    struct writer w = writer_over(message, sizeof message);
    size_t len;

    noise_pair_begin(&pair);
    cr_assert_eq(noise_handshake_write(&pair.initiator.handshake,
                                       (struct slice){ payload, NOISE_PAYLOAD_MAX }, &w),
                 ST_OK);
    cr_assert_eq(w.len, NOISE_MESSAGE_MAX);
    cr_assert_eq(noise_handshake_read(&pair.responder.handshake, writer_slice(&w), payload,
                                      sizeof payload, &len),
                 ST_OK);
    cr_assert_eq(len, NOISE_PAYLOAD_MAX);
    w.len = 0;
    cr_assert_eq(noise_handshake_write(&pair.responder.handshake,
                                       (struct slice){ payload, NOISE_PAYLOAD_MAX + 1 }, &w),
                 ST_TOO_LARGE);
    cr_assert_eq(w.len, 0);

    noise_pair_begin(&pair);
    cr_assert_eq(noise_handshake_write(&pair.initiator.handshake, SLICE_LIT("four"), &w), ST_OK);
    cr_assert_eq(
        noise_handshake_read(&pair.responder.handshake, writer_slice(&w), payload, 3, &len),
        ST_TOO_LARGE);
    noise_pair_begin(&pair);
    w = writer_over(message, NOISE_OVERHEAD + 3);
    cr_assert_eq(noise_handshake_write(&pair.initiator.handshake, SLICE_LIT("four"), &w),
                 ST_TOO_LARGE);
    noise_pair_begin(&pair);
    w = writer_over(message, NOISE_OVERHEAD + 4);
    cr_assert_eq(noise_handshake_write(&pair.initiator.handshake, SLICE_LIT("four"), &w), ST_OK);
}

Test(noise, a_point_of_small_order_is_refused)
{
    struct noise_pair pair;
    uint8_t zero_shared[128] = { 0 }, payload[64];
    size_t len;

    noise_pair_begin(&pair);
    struct writer w = writer_over(zero_shared, sizeof zero_shared);
    cr_assert_eq(noise_handshake_write(&pair.initiator.handshake, SLICE_LIT(""), &w), ST_OK);
    memset(zero_shared, 0, KEY_COORD_LEN); /* u = 0 */
    cr_assert_eq(noise_handshake_read(&pair.initiator.handshake, writer_slice(&w), payload,
                                      sizeof payload, &len),
                 ST_DENIED);
}
