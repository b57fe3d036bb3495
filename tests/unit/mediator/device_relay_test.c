#include "device_relay.h"

#include "configured.h"

enum { NOW = 1000000 };

struct pair {
    struct configured c;
    struct keyring *k;
    uint8_t sealed[RELAY_SEALED_MAX];
    struct writer w;
};

static void pair_open(struct pair *p)
{
    char keys[128];

    configured_folder(&p->c);
    snprintf(keys, sizeof keys, "%s/keys", p->c.folder);
    cr_assert_eq(keyring_read(keys, &p->k, p->c.why, sizeof p->c.why), ST_OK);
    p->w = writer_over(p->sealed, sizeof p->sealed);
}

static void pair_close(struct pair *p)
{
    keyring_free(p->k);
    configured_clear(&p->c);
}

Test(device_relay, is_read_on_its_own_channel_and_in_time)
{
    const struct store_channel door = relay_device_channel("door");
    const struct store_channel gate = relay_device_channel("gate");
    const struct relay_message m = {
        .kind = RELAY_PUSH, .sender = { 1 }, .job = { 2 }, .body = SLICE_LIT("grant")
    };
    uint8_t room[RELAY_SEALED_MAX];
    struct relay_message got;
    struct pair p;

    pair_open(&p);
    cr_assert_eq(relay_seal(p.k, &door, NOW, &m, &p.w), ST_OK);
    const struct slice sealed = writer_slice(&p.w);
    cr_assert_eq(relay_open(p.k, &door, NOW, sealed, room, &got), ST_OK);
    cr_assert_eq(got.kind, RELAY_PUSH);
    cr_assert_eq(got.sender[0], 1);
    cr_assert_eq(got.job[0], 2);
    cr_assert(slice_is(got.body, "grant"));
    cr_assert_eq(relay_open(p.k, &gate, NOW, sealed, room, &got), ST_DENIED);
    cr_assert_eq(relay_open(p.k, &door, NOW + RELAY_SECONDS_MAX, sealed, room, &got), ST_OK);
    cr_assert_eq(relay_open(p.k, &door, NOW + RELAY_SECONDS_MAX + 1, sealed, room, &got),
                 ST_EXPIRED);
    cr_assert_eq(relay_open(p.k, &door, NOW - RELAY_SECONDS_MAX - 1, sealed, room, &got),
                 ST_EXPIRED);
    pair_close(&p);
}

Test(device_relay, the_longest_grant_fits_and_no_more)
{
    static const uint8_t body[RELAY_BODY_MAX + 1];
    const struct store_channel door = relay_device_channel("door");
    struct relay_message m = { .kind = RELAY_PUSH, .body = { body, RELAY_BODY_MAX } };
    struct pair p;

    pair_open(&p);
    cr_assert_eq(relay_seal(p.k, &door, NOW, &m, &p.w), ST_OK);
    m.body.len++;
    cr_assert_eq(relay_seal(p.k, &door, NOW, &m, &p.w), ST_TOO_LARGE);
    pair_close(&p);
}

Test(device_relay, junk)
{
    static const uint8_t junk[RELAY_SEALED_MAX + 1] = { 16 };
    const struct store_channel door = relay_device_channel("door");
    uint8_t room[RELAY_SEALED_MAX];
    struct relay_message got;
    struct pair p;

    pair_open(&p);
    for (size_t len = 0; len <= sizeof junk; len++)
        cr_expect_neq(relay_open(p.k, &door, NOW, (struct slice){ junk, len }, room, &got), ST_OK);
    pair_close(&p);
}

Test(device_relay, channels_differ)
{
    static const uint8_t id[RELAY_ID_LEN] = { 1 }, other[RELAY_ID_LEN] = { 2 };
    const struct store_channel channels[] = { relay_device_channel("door"),
                                              relay_device_channel("door2"), relay_own_channel(id),
                                              relay_own_channel(other) };

    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < i; k++)
            cr_expect_neq(memcmp(&channels[i], &channels[k], sizeof channels[i]), 0);
}
