/* demands: what an integrity token must say beyond being right, for what is asked. */
#pragma once
#include "form.h"
#include "settings.h"

/* Of both, whichever is stricter. */
void demands_add(struct demands *d, const struct demands *more);

/* Adds those of the scopes that a grant is asked in. A form that names none asks for all that
 * were granted before (RFC 6749 §6), whose names we do not know: then every rule counts, but
 * for a code (RFC 6749 §4.1.3, RFC 8628 §3.4), whose scopes were judged when it was asked for. */
void demands_add_scopes(struct demands *d, const struct client *client, const struct form *form);
