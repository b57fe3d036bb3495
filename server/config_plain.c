#include "config_plain.h"

#include <stdlib.h>
#include <string.h>

enum { WORD_MAX = 256, DIGITS_MAX = 18 };

struct word {
    char text[WORD_MAX + 1];
};

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \t\n");
}

/* The first len bytes, and where they end. */
static bool take(const char **at, size_t len, struct word *out)
{
    if (len > WORD_MAX)
        return false;
    memcpy(out->text, *at, len);
    out->text[len] = '\0';
    *at += len;
    return true;
}

static bool take_sign(const char **at, char sign)
{
    *at = skip_space(*at);
    if (**at != sign)
        return false;
    ++*at;
    return true;
}

static bool take_name(const char **at, struct word *out)
{
    size_t len = strspn(*at, "abcdefghijklmnopqrstuvwxyz_");

    return len && take(at, len, out);
}

/* What ends a value that stands without quotes. */
static bool at_an_end(const char *at)
{
    return strchr(" \t\n}", *at) != NULL;
}

/* Neither escapes nor variables of the environment, nor bytes that a scanner might take amiss. */
static bool take_quoted(const char **at, struct word *out)
{
    size_t len = 0;

    if (!take_sign(at, '"'))
        return false;
    while ((*at)[len] >= ' ' && (*at)[len] <= '~' && !strchr("\"\\$", (*at)[len]))
        len++;
    return (*at)[len] == '"' && take(at, len, out) && take_sign(at, '"') && at_an_end(*at);
}

/* With a leading 0 it might be octal. */
static bool take_number(const char **at, long *out)
{
    struct word digits;

    *at = skip_space(*at);
    size_t len = strspn(*at, "0123456789");
    if (!len || len > DIGITS_MAX || (**at == '0' && len > 1) || !take(at, len, &digits))
        return false;
    *out = strtol(digits.text, NULL, 10);
    return at_an_end(*at);
}

static bool take_bool(const char **at, cfg_bool_t *out)
{
    struct word word;

    *at = skip_space(*at);
    if (!take_name(at, &word) || !at_an_end(*at))
        return false;
    *out = strcmp(word.text, "true") == 0 ? cfg_true : cfg_false;
    return *out == cfg_true || strcmp(word.text, "false") == 0;
}

static bool fill_value(cfg_opt_t *opt, const char **at)
{
    struct word text;
    cfg_bool_t truth;
    long number;

    if (opt->flags & CFGF_LIST || !take_sign(at, '='))
        return false;
    switch (opt->type) {
    case CFGT_STR:
        return take_quoted(at, &text) && cfg_opt_setnstr(opt, text.text, 0) == CFG_SUCCESS;
    case CFGT_INT:
        return take_number(at, &number) && cfg_opt_setnint(opt, number, 0) == CFG_SUCCESS;
    case CFGT_BOOL:
        return take_bool(at, &truth) && cfg_opt_setnbool(opt, truth, 0) == CFG_SUCCESS;
    default:
        return false;
    }
}

/* cfg_getopt would complain of one that is not known. */
static cfg_opt_t *find(cfg_t *cfg, const char *name)
{
    for (cfg_opt_t *opt = cfg->opts; opt->name; opt++)
        if (strcmp(opt->name, name) == 0)
            return opt;
    return NULL;
}

/* NULL for other kinds of section. A title that is there already is left to libconfuse, too. */
static cfg_t *open_section(cfg_t *cfg, const cfg_opt_t *opt, const char **at)
{
    const int wanted = CFGF_MULTI | CFGF_TITLE;
    struct word title;

    if ((opt->flags & wanted) != wanted || !take_quoted(at, &title) || !take_sign(at, '{'))
        return NULL;
    return cfg_addtsec(cfg, opt->name, title.text);
}

/* Up to the end of the section, or of the text. Sections lie one deep. */
static bool fill_settings(cfg_t *cfg, const char **at)
{
    struct word name;

    for (*at = skip_space(*at); **at && **at != '}'; *at = skip_space(*at)) {
        cfg_opt_t *opt = take_name(at, &name) ? find(cfg, name.text) : NULL;
        if (!opt || opt->type == CFGT_SEC || !fill_value(opt, at))
            return false;
    }
    return true;
}

static bool fill_section(cfg_t *cfg, const cfg_opt_t *opt, const char **at)
{
    cfg_t *section = open_section(cfg, opt, at);

    return section && fill_settings(section, at) && take_sign(at, '}');
}

bool config_plain_fill(cfg_t *cfg, const char *text)
{
    struct word name;

    for (text = skip_space(text); *text; text = skip_space(text)) {
        cfg_opt_t *opt = take_name(&text, &name) ? find(cfg, name.text) : NULL;
        if (!opt ||
            !(opt->type == CFGT_SEC ? fill_section(cfg, opt, &text) : fill_value(opt, &text)))
            return false;
    }
    return true;
}
