#include "device_site.h"

static struct site site;

static enum vouchsafe_device_status init_with(const struct vouchsafe_device_config *config,
                                              size_t len)
{
    return vouchsafe_device_init(site.memory, len, config, &site.device);
}

Test(device, configurations_that_cannot_work)
{
    struct vouchsafe_device_config config;
    size_t need = vouchsafe_device_size(SITE_GRANTS, SITE_SPENT);

    site_begin(&site);
    config = site.config;
    cr_expect_eq(init_with(&config, need), VOUCHSAFE_DEVICE_OK, "the positive control");
    cr_expect_eq(init_with(&config, need - 1), VOUCHSAFE_DEVICE_BAD_ARGUMENT);
    config.id = "two words";
    cr_expect_eq(init_with(&config, need), VOUCHSAFE_DEVICE_BAD_ARGUMENT);
    config.id = NULL;
    cr_expect_eq(init_with(&config, need), VOUCHSAFE_DEVICE_BAD_ARGUMENT);
    config = site.config;
    config.max_lifetime = -1;
    cr_expect_eq(init_with(&config, need), VOUCHSAFE_DEVICE_BAD_ARGUMENT);
    config = site.config;
    config.floor = -1;
    cr_expect_eq(init_with(&config, need), VOUCHSAFE_DEVICE_BAD_ARGUMENT);
    cr_expect_eq(vouchsafe_device_init(site.memory + 1, need, &site.config, &site.device),
                 VOUCHSAFE_DEVICE_BAD_ARGUMENT, "not aligned");
}

static enum vouchsafe_device_status trust_named(const char *kid)
{
    struct private_key key;
    uint8_t text[256];
    struct writer w = writer_over(text, sizeof text);
    struct json_writer j = json_writer_over(&w);

    cr_assert_eq(crypto_key_generate(KEY_ED25519, &key), ST_OK);
    json_begin_object(&j, NULL);
    jwk_write_members(&j, &key.public);
    json_text(&j, "kid", slice_of(kid));
    json_end_object(&j);
    return vouchsafe_device_trust(site.device, (const char *)text, w.len);
}

Test(device, signers_from_both_sides)
{
    site_begin(&site); /* trusts one already */
    cr_expect_eq(trust_named("a"), VOUCHSAFE_DEVICE_OK);
    cr_expect_eq(trust_named("b"), VOUCHSAFE_DEVICE_OK);
    cr_expect_eq(trust_named("c"), VOUCHSAFE_DEVICE_OK);
    cr_expect_eq(trust_named("d"), VOUCHSAFE_DEVICE_FULL);
    cr_expect_eq(trust_named("c"), VOUCHSAFE_DEVICE_OK, "takes the other's place");
    cr_expect_eq(vouchsafe_device_distrust(site.device, "d"), VOUCHSAFE_DEVICE_UNKNOWN);
    cr_expect_eq(vouchsafe_device_distrust(site.device, "a"), VOUCHSAFE_DEVICE_OK);
    cr_expect_eq(trust_named("d"), VOUCHSAFE_DEVICE_OK);
    cr_expect_eq(vouchsafe_device_trust(site.device, "{}", 2), VOUCHSAFE_DEVICE_MALFORMED);
}

Test(device, a_key_that_is_trusted_no_more_signs_nothing)
{
    struct program program;
    struct peer app;

    site_begin(&site);
    struct site_wish wish = site_wish(&site);
    struct site_token t = site_mint(&wish);
    cr_expect_eq(site_token_open(&site, &t, &app, &program), VOUCHSAFE_DEVICE_OK);
    cr_expect_eq(vouchsafe_device_distrust(site.device, ""), VOUCHSAFE_DEVICE_OK);
    cr_expect_eq(site_token_open(&site, &t, &app, &program), VOUCHSAFE_DEVICE_DENIED);
}

Test(device, keys_of_links_as_files_have_them)
{
    static const char text[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n";
    static const char jwk[] =
        "{\"kty\":\"oct\",\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"}";
    uint8_t key[32], again[32];

    cr_expect_eq(vouchsafe_device_key(text, sizeof text - 1, key), VOUCHSAFE_DEVICE_OK);
    cr_expect_eq(key[31], 31);
    cr_expect_eq(vouchsafe_device_key(text, sizeof text - 2, again), VOUCHSAFE_DEVICE_OK);
    cr_expect_eq(vouchsafe_device_key(jwk, sizeof jwk - 1, again), VOUCHSAFE_DEVICE_OK);
    cr_expect_arr_eq(again, key, sizeof key);
    cr_expect_eq(vouchsafe_device_key(text, 42, key), VOUCHSAFE_DEVICE_MALFORMED);
    cr_expect_eq(vouchsafe_device_key(text, 0, key), VOUCHSAFE_DEVICE_MALFORMED);
}

Test(device, ended_is_wiped)
{
    site_begin(&site);
    size_t len = vouchsafe_device_size(SITE_GRANTS, SITE_SPENT), left = 0;
    vouchsafe_device_end(site.device);
    for (size_t i = 0; i < len; i++)
        left += site.memory[i] != 0;
    cr_expect_eq(left, 0);
}

Test(device, every_status_has_a_text)
{
    for (int st = 0; st <= VOUCHSAFE_DEVICE_FAILED; st++)
        cr_expect_str_neq(vouchsafe_device_text((enum vouchsafe_device_status)st),
                          "an unknown status");
    cr_expect_str_eq(vouchsafe_device_text((enum vouchsafe_device_status)99), "an unknown status");
}
