#include "box.h"

#include <string.h>

#include "configured.h"

#define PLAIN "a possession key"

static struct keyring *keyring_at(struct configured *c)
{
    char keys[128];
    struct keyring *k;

    snprintf(keys, sizeof keys, "%s/keys", c->folder);
    cr_assert_eq(keyring_read(keys, &k, c->why, sizeof c->why), ST_OK);
    return k;
}

static const struct box_scope door = { "queue", { (const uint8_t *)"door", 4 } };

struct sealed {
    uint8_t bytes[256];
    size_t len;
};

static struct sealed seal(const struct keyring *k, const struct box_scope *scope)
{
    struct sealed s;
    struct writer w = writer_over(s.bytes, sizeof s.bytes);

    cr_assert_eq(box_close(k, scope, slice_of(PLAIN), &w), ST_OK);
    s.len = w.len;
    return s;
}

static enum status open_it(const struct keyring *k, const struct box_scope *scope,
                           const struct sealed *s)
{
    uint8_t room[256];
    struct slice plain;
    enum status st = box_open(k, 0, scope, (struct slice){ s->bytes, s->len }, room, &plain);

    if (!st)
        cr_assert(slice_is(plain, PLAIN));
    return st;
}

Test(box, opens_for_its_purpose_and_context)
{
    static const struct box_scope others[] = { { "queue", { (const uint8_t *)"gate", 4 } },
                                               { "push", { (const uint8_t *)"door", 4 } },
                                               { "queuedoor", { NULL, 0 } } };
    struct configured c;

    configured_folder(&c);
    struct keyring *k = keyring_at(&c);
    struct sealed s = seal(k, &door);
    cr_assert_leq(s.len, strlen(PLAIN) + BOX_OVERHEAD);
    cr_assert_null(memmem(s.bytes, s.len, PLAIN, strlen(PLAIN)));
    cr_assert_eq(open_it(k, &door, &s), ST_OK);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_expect_eq(open_it(k, &others[i], &s), ST_DENIED, "%zu", i);
    keyring_free(k);
    configured_clear(&c);
}

Test(box, every_bit_and_every_length_counts)
{
    struct configured c;

    configured_folder(&c);
    struct keyring *k = keyring_at(&c);
    struct sealed s = seal(k, &door);
    for (size_t i = 0; i < 8 * s.len; i++) {
        struct sealed bad = s;
        bad.bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        cr_expect_neq(open_it(k, &door, &bad), ST_OK, "bit %zu", i);
    }
    for (struct sealed cut = s; cut.len--;)
        cr_expect_neq(open_it(k, &door, &cut), ST_OK, "%zu bytes", cut.len);
    cr_assert_eq(open_it(k, &door, &s), ST_OK);
    keyring_free(k);
    configured_clear(&c);
}

Test(box, a_former_key_opens_while_it_may)
{
    uint8_t room[256];
    struct configured c;
    struct slice plain;
    char keys[128], kid[KEYRING_KID_LEN + 1];

    configured_folder(&c);
    struct keyring *former = keyring_at(&c);
    struct sealed s = seal(former, &door);
    const struct slice sealed = { s.bytes, s.len };
    keyring_free(former);
    snprintf(keys, sizeof keys, "%s/keys", c.folder);
    cr_assert_eq(keyring_rotate(keys, configured_secret(), 10, 100, kid, c.why, sizeof c.why),
                 ST_OK);
    struct keyring *k = keyring_at(&c);
    cr_assert_eq(box_open(k, 99, &door, sealed, room, &plain), ST_OK);
    cr_assert_eq(box_open(k, 100, &door, sealed, room, &plain), ST_NOT_FOUND);
    keyring_free(k);
    configured_clear(&c);
}

Test(box, says_when_there_is_no_room)
{
    uint8_t little[BOX_OVERHEAD];
    struct writer w = writer_over(little, sizeof little);
    struct configured c;

    configured_folder(&c);
    struct keyring *k = keyring_at(&c);
    static const uint8_t plain[BOX_OVERHEAD];
    cr_assert_eq(box_close(k, &door, (struct slice){ plain, sizeof plain }, &w), ST_TOO_LARGE);
    keyring_free(k);
    configured_clear(&c);
}
