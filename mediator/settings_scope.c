#include "settings_scope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "msg_challenge.h"

cfg_opt_t settings_scope_opts[] = { SETTINGS_DEMANDS_OPTS, CFG_END() };

/* A server may read "a,b" or "A" as what is guarded here: so whatever is not listed is refused
 * (see policy), and what is guarded is listed. */
static enum status read_rule(const struct section *client, cfg_t *cfg, struct client *c)
{
    struct scope_rule *rule = &c->rules[c->rule_count++];
    char title[CLIENT_ID_MAX + 256];
    struct section s = { cfg, "client", title, client->why, client->why_cap };

    snprintf(title, sizeof title, "%s\" scope \"%s", client->title, cfg_title(cfg));
    rule->scope = strdup(cfg_title(cfg));
    if (!rule->scope)
        return ST_NO_MEMORY;
    if (!words_have(&c->scopes, slice_of(rule->scope)))
        return section_wrong(&s, "title", "is not among the client's scopes");
    return section_demands(&s, &rule->demands);
}

enum status settings_scopes_read(const struct section *s, struct client *c)
{
    unsigned count = cfg_size(s->cfg, "scope");
    enum status st = ST_OK;

    c->rules = calloc(count ? count : 1, sizeof *c->rules);
    if (!c->rules)
        return ST_NO_MEMORY;
    for (unsigned i = 0; i < count && !st; i++)
        st = read_rule(s, cfg_getnsec(s->cfg, "scope", i), c);
    return st;
}

void settings_scopes_clear(struct client *c)
{
    for (size_t i = 0; i < c->rule_count; i++)
        free(c->rules[i].scope);
    free(c->rules);
}
