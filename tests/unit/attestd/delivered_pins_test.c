#include "delivered_pins.h"

#include <criterion/criterion.h>
#include <string.h>

static enum status read(const char *text, struct delivered_pins *out, char why[CONFIG_WHY_MAX])
{
    cfg_opt_t opts[] = { CFG_STR_LIST("pins", (char *)"{}", CFGF_NONE), CFG_END() };
    cfg_t *cfg = cfg_init(opts, CFGF_NONE);

    cr_assert_eq(cfg_parse_buf(cfg, text), CFG_SUCCESS, "%s", text);
    why[0] = '\0';
    enum status st = delivered_pins_read(cfg, out, why, CONFIG_WHY_MAX);
    cfg_free(cfg);
    return st;
}

#define PIN(c) "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" c "A\""
#define EIGHT                                                                                      \
    PIN("A")                                                                                       \
    "," PIN("B") "," PIN("C") "," PIN("D") "," PIN("E") "," PIN("F") "," PIN("G") "," PIN("H")

Test(delivered_pins, what_is_none)
{
    static const struct {
        const char *text, *why;
    } bad[] = {
        { "pins = { \"\" }", "43 characters" },
        { "pins = { \"AAAA\" }", "43 characters" },
        { "pins = { \"+AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\" }", "43 characters" },
        { "pins = { \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\" }", "43 characters" },
        { "pins = {" PIN("A") "," PIN("A") "}", "twice" },
        { "pins = {" EIGHT "," PIN("I") "}", "at most 8" },
    };
    struct delivered_pins out;
    char why[CONFIG_WHY_MAX];

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_eq(read(bad[i].text, &out, why), ST_INVALID, "%s", bad[i].text);
        cr_assert_not_null(strstr(why, bad[i].why), "%s", why);
    }
}

Test(delivered_pins, none_and_eight)
{
    struct delivered_pins out;
    char why[CONFIG_WHY_MAX];

    cr_assert_eq(read("", &out, why), ST_OK);
    cr_assert_eq(out.count, 0);
    cr_assert_eq(read("pins = {" EIGHT "}", &out, why), ST_OK);
    cr_assert_eq(out.count, 8);
    cr_assert_eq(out.pins[7].bytes[31], 0x70);
}
