/* configured: settings as the daemon would load them, from a configuration text
 * and a keyring in a temporary folder. */
#pragma once
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "settings.h"

#define SECRET_TEXT "a client secret of more than 32 bytes: with / + and = in it"

struct configured {
    char folder[64];
    char kid[KEYRING_KID_LEN + 1];
    char why[CONFIG_WHY_MAX];
    void *model;
};

static inline struct slice configured_secret(void)
{
    return SLICE_LIT(SECRET_TEXT);
}

static inline void configured_folder(struct configured *c)
{
    char keys[128];

    *c = (struct configured){ .folder = "/tmp/vouchsafe-mediator-XXXXXX" };
    cr_assert_not_null(mkdtemp(c->folder));
    snprintf(keys, sizeof keys, "%s/keys", c->folder);
    cr_assert_eq(keyring_rotate(keys, configured_secret(), 0, 0, c->kid, c->why, sizeof c->why),
                 ST_OK, "%s", c->why);
}

/* Each "%s" in the text becomes the folder of the keyring, which seals refresh tokens too
 * where the text does not say what does. */
static inline void configured_write(const struct configured *c, const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    cr_assert_not_null(f);
    if (!strstr(text, "seal_"))
        fprintf(f, "seal_keyring = \"%s/keys\" ", c->folder);
    for (const char *at; (at = strstr(text, "%s")) != NULL; text = at + 2)
        fprintf(f, "%.*s%s/keys", (int)(at - text), text, c->folder);
    fputs(text, f);
    cr_assert_eq(fclose(f), 0);
}

static inline enum status configured_load(struct configured *c, const char *text)
{
    char path[128];
    cfg_t *cfg = NULL;

    snprintf(path, sizeof path, "%s/mediator.conf", c->folder);
    configured_write(c, path, text);
    enum status st = config_parse(path, settings_opts, &cfg, c->why, sizeof c->why);
    if (!st)
        st = settings_load(cfg, NULL, NULL, &c->model, c->why, sizeof c->why);
    if (cfg)
        cfg_free(cfg);
    return st;
}

static inline void configured_clear(struct configured *c)
{
    char command[128];

    settings_free(c->model);
    snprintf(command, sizeof command, "rm -rf %s", c->folder);
    cr_expect_eq(system(command), 0);
}
