/* app_audience: whom an app may ask for client assertions, out of its app.conf. */
#pragma once
#include "registry.h"

enum { AUDIENCES_MAX = 16 };

/* Copies one more. ST_INVALID, with a sentence in `why`, if it is no URL of at most AUDIENCE_MAX
 * characters, or one too many; ST_NO_MEMORY. */
enum status app_audience_add(struct app *app, const char *audience, char *why,
                             size_t why_cap) MUST_USE;
void app_audiences_clear(struct app *app);
