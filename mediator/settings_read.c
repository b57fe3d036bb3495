#include "settings_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum status section_wrong(const struct section *s, const char *key, const char *text)
{
    if (s->kind)
        snprintf(s->why, s->why_cap, "%s \"%s\": %s %s", s->kind, s->title, key, text);
    else
        snprintf(s->why, s->why_cap, "%s %s", key, text);
    return ST_INVALID;
}

enum status section_text(const struct section *s, const char *key, char **out)
{
    const char *text = cfg_getstr(s->cfg, key);

    if (!text)
        return ST_OK;
    if (!*text)
        return section_wrong(s, key, "is empty");
    *out = strdup(text);
    return *out ? ST_OK : ST_NO_MEMORY;
}

enum status section_int(const struct section *s, const char *key, long min, long max, uint32_t *out)
{
    char text[CONFIG_WHY_MAX];
    enum status st = config_int(s->cfg, key, min, max, out, s->why, s->why_cap);

    if (st && s->kind) {
        snprintf(text, sizeof text, "%s", s->why);
        snprintf(s->why, s->why_cap, "%s \"%s\": %s", s->kind, s->title, text);
    }
    return st;
}

enum status section_words(const struct section *s, const char *key, struct words *out)
{
    unsigned count = cfg_size(s->cfg, key);

    for (unsigned i = 0; i < count; i++) {
        const char *word = cfg_getnstr(s->cfg, key, i);
        if (!*word || strchr(word, ' '))
            return section_wrong(s, key, "holds an empty word, or several in one text");
        if (words_add(out, slice_of(word)))
            return ST_NO_MEMORY;
    }
    return ST_OK;
}

enum status section_demands(const struct section *s, struct demands *out)
{
    out->min_coverage = cfg_getfloat(s->cfg, "min_coverage");
    if (!(out->min_coverage >= 0 && out->min_coverage <= 1))
        return section_wrong(s, "min_coverage", "is not between 0 and 1");
    enum status st = section_int(s, "min_streak", 1, INT32_MAX, &out->min_streak);
    return st ? st : section_int(s, "max_age", 0, 86400, &out->max_age);
}

/* RFC 8414 §2: no query; the reader of URLs refuses fragments already. */
enum status section_issuer(const struct section *s, const char *issuer)
{
    struct url url;

    if (!issuer)
        return section_wrong(s, "issuer", "is required");
    if (url_read(slice_of(issuer), &url) || url.query.len)
        return section_wrong(s, "issuer", "is not an http or https URL without a query");
    return ST_OK;
}
