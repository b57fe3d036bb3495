#include "instance_key.h"

#include <criterion/criterion.h>
#include <string.h>

/* A key in hardware, played by a key in memory. */
static struct private_key chip;
static int fails_with, calls;
static bool lies;

static int give_public(void *arg, uint8_t x[VOUCHSAFE_KEY_LEN], uint8_t y[VOUCHSAFE_KEY_LEN])
{
    cr_assert_eq(arg, &chip);
    memcpy(x, chip.public.x, VOUCHSAFE_KEY_LEN);
    memcpy(y, chip.public.y, VOUCHSAFE_KEY_LEN);
    return fails_with;
}

static int sign(void *arg, const uint8_t *message, size_t len,
                uint8_t signature[VOUCHSAFE_SIGNATURE_LEN])
{
    calls++;
    cr_assert_eq(arg, &chip);
    cr_assert_eq(crypto_sign(&chip, (struct slice){ message, len }, signature), ST_OK);
    signature[0] ^= lies;
    return fails_with;
}

static int load(void *arg, uint8_t key[VOUCHSAFE_KEY_LEN])
{
    (void)arg;
    (void)key;
    return 0;
}

static int save(void *arg, const uint8_t key[VOUCHSAFE_KEY_LEN])
{
    (void)arg;
    (void)key;
    return 0;
}

static const struct vouchsafe_key_store hardware = { .public_key = give_public,
                                                     .sign = sign,
                                                     .arg = &chip };

Test(instance_key, callbacks_that_make_no_whole)
{
    const struct vouchsafe_key_store bad[] = {
        { .public_key = give_public },
        { .sign = sign },
        { .public_key = give_public, .sign = sign, .load = load },
        { .public_key = give_public, .sign = sign, .save = save },
        { .load = load, .save = save, .sign = sign },
    };
    struct instance_key key;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(instance_key_open(VOUCHSAFE_KEY_P256, &bad[i], &key), VOUCHSAFE_BAD_ARGUMENT,
                     "%zu", i);
}

Test(instance_key, hardware_that_has_no_key)
{
    struct instance_key key;

    cr_assert_eq(crypto_key_generate(KEY_P256, &chip), ST_OK);
    fails_with = 7;
    cr_assert_eq(instance_key_open(VOUCHSAFE_KEY_P256, &hardware, &key), VOUCHSAFE_KEY_STORE);
    fails_with = 0;
    cr_assert_eq(instance_key_open(VOUCHSAFE_KEY_P256, &hardware, &key), VOUCHSAFE_OK);
    chip.public.y[31] ^= 1;
    cr_assert_eq(instance_key_open(VOUCHSAFE_KEY_P256, &hardware, &key), VOUCHSAFE_KEY_STORE,
                 "a point off the curve");
}

Test(instance_key, hardware_that_fails_or_lies)
{
    uint8_t signature[SIGNATURE_LEN];
    struct instance_key key;

    cr_assert_eq(crypto_key_generate(KEY_P256, &chip), ST_OK);
    cr_assert_eq(instance_key_open(VOUCHSAFE_KEY_P256, &hardware, &key), VOUCHSAFE_OK);
    fails_with = -25300;
    cr_assert_eq(instance_key_sign(&key, SLICE_LIT("m"), signature), ST_IO);
    cr_assert_eq(atomic_load(&key.error), -25300, "carried as it is");
    fails_with = 0;
    lies = true;
    cr_assert_eq(instance_key_sign(&key, SLICE_LIT("m"), signature), ST_DENIED);
    lies = false;
    cr_assert_eq(instance_key_sign(&key, SLICE_LIT("m"), signature), ST_OK);
    cr_assert_eq(atomic_load(&key.error), 0);
}

Test(instance_key, hardware_signs_for_either_type)
{
    static const enum vouchsafe_key_type types[] = { VOUCHSAFE_KEY_P256, VOUCHSAFE_KEY_ED25519 };
    static const enum key_type own[] = { KEY_P256, KEY_ED25519 };
    uint8_t signature[SIGNATURE_LEN];

    for (size_t i = 0; i < 2; i++) {
        struct instance_key key;
        cr_assert_eq(crypto_key_generate(own[i], &chip), ST_OK);
        cr_assert_eq(instance_key_open(types[i], &hardware, &key), VOUCHSAFE_OK);
        calls = 0;
        cr_assert_eq(instance_key_sign(&key, SLICE_LIT("message"), signature), ST_OK);
        cr_assert_eq(calls, 1);
        cr_assert_eq(crypto_verify(&chip.public, SLICE_LIT("message"), signature), ST_OK);
    }
}

Test(instance_key, a_key_of_our_own_signs_too)
{
    static const struct vouchsafe_key_store none = { .arg = NULL };
    uint8_t signature[SIGNATURE_LEN];
    struct instance_key key;

    cr_assert_eq(instance_key_open(VOUCHSAFE_KEY_ED25519, &none, &key), VOUCHSAFE_OK);
    cr_assert_eq(instance_key_sign(&key, SLICE_LIT("message"), signature), ST_OK);
    cr_assert_eq(crypto_verify(&key.own.public, SLICE_LIT("message"), signature), ST_OK);
}
