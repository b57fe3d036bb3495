#include "settings_check.h"

#include <stdlib.h>
#include <string.h>

#include "original.h"

cfg_opt_t settings_check_opts[] = {
    CFG_STR("resource", NULL, CFGF_NONE),
    CFG_STR("original", "x-original", CFGF_NONE),
    CFG_STR_LIST("clients", (char *)"{}", CFGF_NONE),
    SETTINGS_DEMANDS_OPTS,
    CFG_END(),
};

/* It is a segment of a path, and the value of a query. */
static bool is_name(const char *text)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

    return *text && strlen(text) <= CHECK_NAME_MAX && strspn(text, allowed) == strlen(text);
}

static enum status read_resource(const struct section *s, struct check_policy *c)
{
    struct url url;
    enum status st = section_text(s, "resource", &c->resource);

    if (st)
        return st;
    if (!c->resource)
        return section_wrong(s, "resource", "is required");
    if (url_read(slice_of(c->resource), &url) || url.query.len)
        return section_wrong(s, "resource", "is not an http or https URL without a query");
    c->origin = (struct slice){ (const uint8_t *)c->resource,
                                (size_t)(url.authority.data + url.authority.len -
                                         (const uint8_t *)c->resource) };
    return ST_OK;
}

static enum status read_clients(const struct section *s, const struct settings *all,
                                struct check_policy *c)
{
    enum status st = section_words(s, "clients", &c->clients);

    for (size_t i = 0; i < c->clients.count && !st; i++)
        if (!settings_client(all, slice_of(c->clients.list[i])))
            st = section_wrong(s, "clients", "names no client section");
    return st;
}

enum status settings_check_read(const struct section *s, const struct settings *all,
                                struct check_policy *c)
{
    if (!is_name(s->title))
        return section_wrong(s, "title", "is not made of letters, digits, '-' and '_'");
    c->name = strdup(s->title);
    enum status st = c->name ? read_resource(s, c) : ST_NO_MEMORY;
    c->original = original_find(cfg_getstr(s->cfg, "original"));
    if (!st && !c->original)
        st = section_wrong(s, "original", "is none of x-original, x-forwarded, path");
    if (!st)
        st = read_clients(s, all, c);
    return st ? st : section_demands(s, &c->demands);
}

void settings_check_clear(struct check_policy *c)
{
    free(c->name);
    free(c->resource);
    words_clear(&c->clients);
}
