/* store_metered: a store whose calls are counted and timed. */
#pragma once
#include "metrics.h"
#include "store.h"

/* Takes the inner store, also if it fails. The meter is this loop's. ST_NO_MEMORY. */
enum status store_metered_new(struct store *inner, struct meter *meter,
                              struct store **out) MUST_USE;
