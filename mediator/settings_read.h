/* settings_read: values of a configuration section, each checked, with a text
 * that names section and key when it is wrong. */
#pragma once
#include "settings.h"

/* Options of whatever has demands. */
#define SETTINGS_DEMANDS_OPTS                                                                      \
    CFG_FLOAT("min_coverage", 0.0, CFGF_NONE), CFG_INT("min_streak", 1, CFGF_NONE),                \
        CFG_INT("max_age", 0, CFGF_NONE)

/* Where we are: `kind` "title", or the top of the file where kind is NULL. */
struct section {
    cfg_t *cfg;
    const char *kind;
    const char *title;
    char *why;
    size_t why_cap;
};

/* ST_INVALID, and a text in `why`: `client "x": KEY TEXT`. */
enum status section_wrong(const struct section *s, const char *key, const char *text) MUST_USE;

/* Texts are copied, and NULL where the key is absent; an empty one is wrong. */
enum status section_text(const struct section *s, const char *key, char **out) MUST_USE;
enum status section_int(const struct section *s, const char *key, long min, long max,
                        uint32_t *out) MUST_USE;
enum status section_words(const struct section *s, const char *key, struct words *out) MUST_USE;
enum status section_demands(const struct section *s, struct demands *out) MUST_USE;
/* An issuer that was read: required, a URL without a query. */
enum status section_issuer(const struct section *s, const char *issuer) MUST_USE;
