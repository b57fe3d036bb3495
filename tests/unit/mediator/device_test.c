#include "device.h"

#include <criterion/criterion.h>
#include <string.h>

#include "json.h"

#define K          "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define K2         "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"
#define OCT(more)  "{\"kid\":\"k1\",\"kty\":\"oct\",\"k\":\"" K "\"" more "}"
#define PUSH(keys) "{\"mode\":\"push\",\"keys\":[" keys "]}"
/* RFC 7517, Appendix A.1. */
#define P256                                                                                       \
    "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\","      \
    "\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\""
#define X25519 "\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" K2 "\""

static enum status decode(const char *text, struct device *out)
{
    return device_decode("door", slice_of(text), out);
}

Test(device, ids)
{
    static const char *const good[] = { "d", "front-door", "a.b_c~1" };
    static const char *const bad[] = { "", ".", "..", ".a", "a/b", "a b", "é", "a*" };
    char longest[DEVICE_ID_MAX + 2];

    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_expect(device_name_ok(slice_of(good[i])), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_not(device_name_ok(slice_of(bad[i])), "%s", bad[i]);
    memset(longest, 'a', sizeof longest);
    cr_expect(device_name_ok((struct slice){ (uint8_t *)longest, DEVICE_ID_MAX }));
    cr_expect_not(device_name_ok((struct slice){ (uint8_t *)longest, DEVICE_ID_MAX + 1 }));
    cr_expect_not(device_name_ok(SLICE_LIT("a\0b")));
}

Test(device, reads_a_push_device)
{
    struct device d;

    cr_assert_eq(
        decode("{\"mode\":\"push\",\"label\":\"Front door\",\"once\":true,\"queue\":true,"
               "\"max_lifetime\":60,\"scopes\":[\"door:unlock\",\"alarm:off\"],\"keys\":[" OCT(
                   "") ",{\"kid\":\"k0\",\"kty\":\"oct\",\"k\":\"" K2 "\",\"until\":1790000000}]}",
               &d),
        ST_OK);
    cr_assert_str_eq(d.id, "door");
    cr_assert_str_eq(d.label, "Front door");
    cr_assert_eq(d.mode, DEVICE_PUSH);
    cr_assert(d.once && d.queue && !d.revoked);
    cr_assert_eq(d.max_lifetime, 60);
    cr_assert(words_have(&d.scopes, SLICE_LIT("alarm:off")));
    cr_assert_eq(d.key_count, 2);
    cr_assert_eq(d.keys[0].until, INT64_MAX);
    cr_assert_eq(d.keys[1].until, 1790000000);
    cr_assert_eq(d.keys[1].secret[31], 1);
    device_clear(&d);
}

Test(device, reads_public_keys_of_both_curves)
{
    struct device d;

    cr_assert_eq(decode("{\"mode\":\"sealed\",\"keys\":[{\"kid\":\"a\"," P256 "}]}", &d), ST_OK);
    cr_assert_eq(d.keys[0].public.curve, DH_P256);
    cr_assert_eq(d.keys[0].public.x[0], 0x30);
    device_clear(&d);
    cr_assert_eq(decode("{\"mode\":\"sealed\",\"keys\":[{\"kid\":\"a\"," X25519 "}]}", &d), ST_OK);
    cr_assert_eq(d.keys[0].public.curve, DH_X25519);
    device_clear(&d);
}

Test(device, refuses_what_is_none)
{
    static const struct {
        const char *name, *text;
        enum status st;
    } cases[] = {
        { "no JSON", "mode = push", ST_INVALID },
        { "no mode", "{\"keys\":[" OCT("") "]}", ST_INVALID },
        { "another mode", "{\"mode\":\"pull\",\"keys\":[" OCT("") "]}", ST_UNSUPPORTED },
        { "no keys", "{\"mode\":\"push\"}", ST_INVALID },
        { "an empty list of keys", PUSH(""), ST_INVALID },
        { "a current key that ends", PUSH(OCT(",\"until\":1")), ST_INVALID },
        { "two current keys", PUSH(OCT("") "," OCT("")), ST_INVALID },
        { "a key that is no object", PUSH("1"), ST_INVALID },
        { "a short key", PUSH("{\"kid\":\"a\",\"kty\":\"oct\",\"k\":\"AAAA\"}"), ST_INVALID },
        { "a key without kid", PUSH("{\"kty\":\"oct\",\"k\":\"" K "\"}"), ST_INVALID },
        { "a public key of a push device", PUSH("{\"kid\":\"a\"," P256 "}"), ST_UNSUPPORTED },
        { "a shared key of a sealed device", "{\"mode\":\"sealed\",\"keys\":[" OCT("") "]}",
          ST_UNSUPPORTED },
        { "a private key",
          "{\"mode\":\"sealed\",\"keys\":[{\"kid\":\"a\",\"d\":\"" K "\"," P256 "}]}", ST_INVALID },
        { "a key that signs",
          "{\"mode\":\"sealed\",\"keys\":[{\"kid\":\"a\",\"kty\":\"OKP\",\"crv\":\"Ed25519\","
          "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}",
          ST_UNSUPPORTED },
        { "another member", "{\"mode\":\"push\",\"colour\":1,\"keys\":[" OCT("") "]}", ST_INVALID },
        { "a scope with a space", "{\"mode\":\"push\",\"scopes\":[\"a b\"],\"keys\":[" OCT("") "]}",
          ST_INVALID },
        { "too long a life", "{\"mode\":\"push\",\"max_lifetime\":2592001,\"keys\":[" OCT("") "]}",
          ST_INVALID },
        { "a flag that is none", "{\"mode\":\"push\",\"once\":1,\"keys\":[" OCT("") "]}",
          ST_INVALID },
        { "a member twice", "{\"mode\":\"push\",\"mode\":\"push\",\"keys\":[" OCT("") "]}",
          ST_INVALID },
    };
    struct device d;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum status st = decode(cases[i].text, &d);
        cr_expect_eq(st, cases[i].st, "%s: %s", cases[i].name, status_name(st));
        if (!st)
            device_clear(&d);
    }
    cr_assert_eq(decode(PUSH(OCT("")), &d), ST_OK, "and this is one");
    device_clear(&d);
}

Test(device, writes_what_it_reads)
{
    uint8_t text[DEVICE_FILE_MAX];
    struct writer w = writer_over(text, sizeof text);
    struct device d, again;

    cr_assert_eq(decode("{\"mode\":\"sealed\",\"label\":\"Pump \\\"7\\\"\",\"scopes\":[\"read\"],"
                        "\"keys\":[{\"kid\":\"a\"," X25519 "},{\"kid\":\"b\"," P256
                        ",\"until\":7}]}",
                        &d),
                 ST_OK);
    cr_assert_eq(device_encode(&d, &w), ST_OK);
    cr_assert_eq(device_decode("door", writer_slice(&w), &again), ST_OK);
    cr_assert_str_eq(again.label, "Pump \"7\"");
    cr_assert_eq(again.key_count, 2);
    cr_assert_eq(memcmp(again.keys, d.keys, sizeof d.keys), 0);
    device_clear(&d);
    device_clear(&again);
}

Test(device, rotation_keeps_what_still_verifies)
{
    struct device_key next = { .kid = "n", .secret = { 9 } };
    struct device d;

    cr_assert_eq(
        decode(PUSH(OCT("") ",{\"kid\":\"k0\",\"kty\":\"oct\",\"k\":\"" K2 "\",\"until\":100}"),
               &d),
        ST_OK);
    cr_assert_eq(device_rotate(&d, &next, 99, 200), ST_OK);
    cr_assert_eq(d.key_count, 3);
    cr_assert_str_eq(d.keys[0].kid, "n");
    cr_assert_eq(d.keys[0].until, INT64_MAX);
    cr_assert_eq(d.keys[1].until, 200);
    cr_assert_eq(device_rotate(&d, &next, 100, 300), ST_OK, "k0 has ended");
    cr_assert_eq(d.key_count, 3);
    cr_assert_eq(device_rotate(&d, &next, 100, 300), ST_OK);
    cr_assert_eq(d.key_count, DEVICE_KEYS_MAX);
    cr_assert_eq(device_rotate(&d, &next, 100, 300), ST_BUSY, "too many");
    cr_assert_eq(d.key_count, DEVICE_KEYS_MAX);
    cr_assert_eq(device_rotate(&d, &next, 100, 100), ST_OK, "the former one ends at once");
    cr_assert_eq(d.key_count, DEVICE_KEYS_MAX);
    cr_assert_eq(device_rotate(&d, &next, 200, 200), ST_OK);
    device_clear(&d);
}
