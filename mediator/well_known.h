/* well_known: the places where an authorization server may keep its metadata. */
#pragma once
#include "settings.h"

/* At least one. */
size_t well_known_count(const struct upstream_settings *s);
/* The i-th to try. ST_TOO_LARGE. */
enum status well_known_url(const struct upstream_settings *s, size_t i, struct writer *w) MUST_USE;
