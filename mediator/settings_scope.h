/* settings_scope: the `scope` sections of a client: what more it must show for a scope. */
#pragma once
#include "settings_read.h"

extern cfg_opt_t settings_scope_opts[];

/* Of a client whose scopes are read. Clear it whatever the outcome. */
enum status settings_scopes_read(const struct section *s, struct client *c) MUST_USE;
void settings_scopes_clear(struct client *c);
