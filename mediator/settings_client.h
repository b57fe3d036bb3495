/* settings_client: a `client` section: which secrets vouch for a client, what it
 * must show and what it may ask for. */
#pragma once
#include "settings_read.h"

extern cfg_opt_t settings_client_opts[];

/* *c is zeroed; clear it whatever the outcome. Upstreams and the seal are read before. */
enum status settings_client_read(const struct section *s, const struct settings *all,
                                 struct client *c) MUST_USE;
void settings_client_clear(struct client *c);
