/* settings_upstream: an `upstream` section: where an authorization server is and
 * how it may be reached. */
#pragma once
#include "settings_read.h"

extern cfg_opt_t settings_upstream_opts[];

/* *u is zeroed; clear it whatever the outcome. Our issuer and the upstreams before this one
 * are read. */
enum status settings_upstream_read(const struct section *s, const struct settings *all,
                                   struct upstream_settings *u) MUST_USE;
void settings_upstream_clear(struct upstream_settings *u);
