/* settings_check: a `check` section: what an API demands of the requests that its
 * reverse proxy asks /check about. */
#pragma once
#include "settings_read.h"

extern cfg_opt_t settings_check_opts[];

/* *c is zeroed; clear it whatever the outcome. The clients are read before. */
enum status settings_check_read(const struct section *s, const struct settings *all,
                                struct check_policy *c) MUST_USE;
void settings_check_clear(struct check_policy *c);
