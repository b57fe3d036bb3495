#include "config_plain.h"

#include <criterion/criterion.h>
#include <string.h>

static cfg_t *empty(void)
{
    cfg_opt_t item[] = { CFG_STR("file", NULL, CFGF_NONE), CFG_INT("weight", 1, CFGF_NONE),
                         CFG_END() };
    cfg_opt_t plain[] = { CFG_INT("weight", 1, CFGF_NONE), CFG_END() };
    cfg_opt_t opts[] = {
        CFG_STR("name", "nobody", CFGF_NONE),    CFG_INT("number", 7, CFGF_NONE),
        CFG_BOOL("truth", cfg_false, CFGF_NONE), CFG_FLOAT("real", 1.5, CFGF_NONE),
        CFG_STR_LIST("list", NULL, CFGF_NONE),   CFG_SEC("item", item, CFGF_MULTI | CFGF_TITLE),
        CFG_SEC("one", plain, CFGF_NONE),        CFG_END()
    };

    return cfg_init(opts, CFGF_NONE);
}

Test(config_plain, what_is_not_plain_is_left_to_libconfuse)
{
    static const char *const texts[] = {
        "other = \"a\"",
        "name",
        "name =",
        "name \"a\"",
        "name = a",
        "name = 'a'",
        "name = \"a",
        "name = \"a\nb\"",
        "name = \"a\\\"b\"",
        "name = \"${HOME}\"",
        "name = \"\xc3\xa4\"",
        "name = \"a\"number = 1",
        "name += \"a\"",
        "number = 010",
        "number = 0x10",
        "number = -1",
        "number = 1.5",
        "number = 12x",
        "number = \"1\"",
        "number = 9999999999999999999",
        "truth = yes",
        "truth = truest",
        "real = 1.5",
        "list = {}",
        "list = \"a\"",
        "one { weight = 2 }",
        "item { weight = 2 }",
        "item \"a\" weight = 2 }",
        "item \"a\" { weight = 2",
        "item \"a\" { weigth = 2 }",
        "item \"a\" { item \"b\" { } }",
        "item \"a\" { } item \"a\" { }",
        "item = \"a\"",
        "item \"a\"{ }",
        "# name = \"a\"",
        "}",
        "=",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cfg_t *cfg = empty();
        cr_assert_not(config_plain_fill(cfg, texts[i]), "%s", texts[i]);
        cfg_free(cfg);
    }
}

Test(config_plain, a_text_that_is_too_long_is_left_to_libconfuse)
{
    for (size_t len = 256; len <= 257; len++) {
        char text[300] = "name = \"";
        memset(text + 8, 'a', len);
        text[8 + len] = '"';
        cfg_t *cfg = empty();
        cr_assert_eq(config_plain_fill(cfg, text), len == 256, "%zu", len);
        cfg_free(cfg);
    }
}

/* The same as libconfuse makes of it. */
static void check(const char *text)
{
    cfg_t *mine = empty(), *theirs = empty();

    cr_assert(config_plain_fill(mine, text), "%s", text);
    cr_assert_eq(cfg_parse_buf(theirs, text), CFG_SUCCESS, "%s", text);
    cr_assert_str_eq(cfg_getstr(mine, "name"), cfg_getstr(theirs, "name"), "%s", text);
    cr_assert_eq(cfg_getint(mine, "number"), cfg_getint(theirs, "number"), "%s", text);
    cr_assert_eq(cfg_getbool(mine, "truth"), cfg_getbool(theirs, "truth"), "%s", text);
    cr_assert_eq(cfg_size(mine, "item"), cfg_size(theirs, "item"), "%s", text);
    for (unsigned i = 0; i < cfg_size(mine, "item"); i++) {
        cfg_t *a = cfg_getnsec(mine, "item", i), *b = cfg_getnsec(theirs, "item", i);
        const char *file = cfg_getstr(a, "file"), *other = cfg_getstr(b, "file");
        cr_assert_str_eq(cfg_title(a), cfg_title(b), "%s", text);
        cr_assert_eq(cfg_getint(a, "weight"), cfg_getint(b, "weight"), "%s", text);
        cr_assert_eq(file == NULL, other == NULL, "%s", text);
        cr_assert(!file || strcmp(file, other) == 0, "%s", text);
    }
    cfg_free(mine);
    cfg_free(theirs);
}

Test(config_plain, what_is_plain_means_what_libconfuse_says)
{
    static const char *const texts[] = {
        "",
        " \n\t\n",
        "name = \"a\"\n",
        "name=\"a\"",
        "name\n=\n\"a\"\n",
        "name = \"\"\n",
        "name = \"it's {a} #b, = /*c*/ //d ~\"",
        "name = \"a\"\nname = \"b\"\n",
        "number = 0\n",
        "number = 1790000000\ntruth = true\n",
        "truth = true truth = false number = 3",
        "item \"a\" { file = \"image.0\"\n}\nitem \"b\" { file = \"image.1\"\n}\n",
        "item \"a\" {weight=2}name = \"a\"",
        "item \"\" { }",
        "name = \"a\"\nitem \"a\" { weight = 2 }\nnumber = 9\n",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        check(texts[i]);
}
