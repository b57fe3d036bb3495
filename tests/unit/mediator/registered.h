/* registered: a registry of devices in a temporary folder. */
#pragma once
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "device_registry.h"
#include "signing_keys.h"

struct registered {
    char folder[64]; /* holds devices/ and token-keys/ */
    char why[CONFIG_WHY_MAX];
    struct dh_private pump; /* the private key of a sealed device */
};

static inline void registered_open(struct registered *r)
{
    *r = (struct registered){ .folder = "/tmp/vouchsafe-registered-XXXXXX" };
    cr_assert_not_null(mkdtemp(r->folder));
    cr_assert_eq(crypto_dh_generate(DH_X25519, crypto_system_random, NULL, &r->pump), ST_OK);
}

static inline void registered_close(const struct registered *r)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", r->folder);
    cr_expect_eq(system(command), 0);
}

/* `like` says all but id, scopes and keys. The key of a push device is its first letter, over and
 * over. Scopes end with NULL. */
static inline void registered_add(struct registered *r, const char *id, const struct device *like,
                                  const char *const *scopes)
{
    struct device_key key = { .kid = "k", .public = r->pump.public };
    struct device_change change;
    char folder[96];

    snprintf(folder, sizeof folder, "%s/devices", r->folder);
    memset(key.secret, id[0], sizeof key.secret);
    cr_assert_eq(device_change_begin(folder, id, true, &change, r->why, sizeof r->why), ST_OK, "%s",
                 r->why);
    change.device.mode = like->mode;
    change.device.once = like->once;
    change.device.queue = like->queue;
    change.device.revoked = like->revoked;
    change.device.max_lifetime = like->max_lifetime;
    for (; scopes && *scopes; scopes++)
        cr_assert_eq(words_add(&change.device.scopes, slice_of(*scopes)), ST_OK);
    cr_assert_eq(device_rotate(&change.device, &key, 0, 0), ST_OK);
    cr_assert_eq(device_change_write(&change, r->why, sizeof r->why), ST_OK, "%s", r->why);
    device_change_end(&change);
}

static inline void registered_token_key(struct registered *r, enum key_type type)
{
    char folder[96], text[SECRET_LEN_MAX], kid[KEYRING_KID_LEN + 1];
    struct writer w = writer_over(text, sizeof text);

    snprintf(folder, sizeof folder, "%s/token-keys", r->folder);
    cr_assert_eq(signing_key_draw(type, &w), ST_OK);
    cr_assert_eq(keyring_rotate(folder, writer_slice(&w), 0, 0, kid, r->why, sizeof r->why), ST_OK,
                 "%s", r->why);
}
