#include "probe.h"

#include <criterion/criterion.h>
#include <string.h>

Test(probe, kinds_there_and_back)
{
    enum probe_kind kind;

    for (int i = 0; i < PROBE_KIND_COUNT; i++) {
        cr_assert_eq(probe_kind_read(slice_of(probe_kind_name((enum probe_kind)i)), &kind), ST_OK);
        cr_assert_eq((int)kind, i);
    }
    cr_assert_eq(probe_kind_read(SLICE_LIT("Memory"), &kind), ST_UNSUPPORTED);
    cr_assert_eq(probe_kind_read(SLICE_LIT(""), &kind), ST_UNSUPPORTED);
}

static struct digest digest_of(const uint8_t *challenge, uint32_t id, enum probe_kind kind,
                               const struct digest *jkt, struct slice data)
{
    struct crypto_hmac h;

    probe_digest_init(&h, challenge, id, kind, jkt);
    crypto_hmac_update(&h, data);
    return crypto_hmac_final(&h);
}

/* HMAC-SHA256(challenge, "vouchsafe probe v1" 0 u32be(id) kind 0 jkt data), put together here. */
Test(probe, the_digest_is_as_the_protocol_says)
{
    uint8_t challenge[CHALLENGE_LEN], message[128];
    struct digest jkt;
    struct writer w = writer_over(message, sizeof message);

    memset(challenge, 7, sizeof challenge);
    memset(jkt.bytes, 9, sizeof jkt.bytes);
    writer_put(&w, SLICE_LIT("vouchsafe probe v1\0\0\0\1\2memory\0"));
    writer_put(&w, (struct slice){ jkt.bytes, sizeof jkt.bytes });
    writer_text(&w, "data");
    struct digest expected =
        crypto_hmac_sha256((struct slice){ challenge, sizeof challenge }, writer_slice(&w));
    struct digest got = digest_of(challenge, 0x102, PROBE_MEMORY, &jkt, SLICE_LIT("data"));
    cr_assert_arr_eq(got.bytes, expected.bytes, sizeof got.bytes);
}

Test(probe, a_digest_is_worth_nothing_elsewhere)
{
    uint8_t challenge[CHALLENGE_LEN] = { 1 }, other[CHALLENGE_LEN] = { 2 };
    struct digest jkt = { { 3 } }, thief = { { 4 } };
    struct digest base = digest_of(challenge, 1, PROBE_MEMORY, &jkt, SLICE_LIT("d"));
    struct digest different[] = {
        digest_of(other, 1, PROBE_MEMORY, &jkt, SLICE_LIT("d")),
        digest_of(challenge, 2, PROBE_MEMORY, &jkt, SLICE_LIT("d")),
        digest_of(challenge, 1, PROBE_FILE, &jkt, SLICE_LIT("d")),
        digest_of(challenge, 1, PROBE_MEMORY, &thief, SLICE_LIT("d")),
        digest_of(challenge, 1, PROBE_MEMORY, &jkt, SLICE_LIT("e")),
    };
    struct digest same = digest_of(challenge, 1, PROBE_MEMORY, &jkt, SLICE_LIT("d"));

    cr_assert_arr_eq(base.bytes, same.bytes, sizeof base.bytes);
    for (size_t i = 0; i < sizeof different / sizeof different[0]; i++)
        cr_assert_arr_neq(base.bytes, different[i].bytes, sizeof base.bytes, "%zu", i);
}
