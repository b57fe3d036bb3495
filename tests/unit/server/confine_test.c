#include "confine.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum status read_text(const char *text, struct confine_settings *out, cfg_t **cfg, char *why,
                             size_t why_cap)
{
    cfg_opt_t opts[] = { CFG_SEC("confine", config_confine_opts, CFGF_NONE), CFG_END() };

    *cfg = cfg_init(opts, CFGF_NONE);
    cr_assert_eq(cfg_parse_buf(*cfg, text), CFG_SUCCESS);
    return config_confine_read(cfg_getsec(*cfg, "confine"), out, why, why_cap);
}

Test(confine, settings)
{
    static const struct {
        const char *text;
        enum status st;
        enum confine_mode mode;
        size_t read_count;
        const char *why;
    } rows[] = {
        { "", ST_OK, CONFINE_ON, 2, "" },
        { "confine { mode = off }", ST_OK, CONFINE_OFF, 2, "" },
        { "confine { mode = required\n read = { /srv } }", ST_OK, CONFINE_REQUIRED, 1, "" },
        { "confine { read = {} }", ST_OK, CONFINE_ON, 0, "" },
        { "confine { mode = On }", ST_INVALID, 0, 0, "confine mode must be off, on or required" },
        { "confine { mode = \"\" }", ST_INVALID, 0, 0, "confine mode must be off, on or required" },
        { "confine { read = { /srv, etc } }", ST_INVALID, 0, 0, "\"etc\" is no absolute path" },
        { "confine { read = { \"\" } }", ST_INVALID, 0, 0, "\"\" is no absolute path" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct confine_settings got = { .read = NULL };
        char why[256] = "";
        cfg_t *cfg;
        cr_expect_eq(read_text(rows[i].text, &got, &cfg, why, sizeof why), rows[i].st, "%s",
                     rows[i].text);
        cr_expect(strstr(why, rows[i].why), "%s: %s", rows[i].text, why);
        if (!rows[i].st) {
            cr_expect_eq(got.mode, rows[i].mode, "%s", rows[i].text);
            cr_expect_eq(got.read_count, rows[i].read_count, "%s", rows[i].text);
        }
        free(got.read);
        cfg_free(cfg);
    }
}
