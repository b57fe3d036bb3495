/* redis_sentinel: a locator that asks sentinels where the master is, one after
 * the other until one answers, and goes on asking that one. */
#pragma once
#include "redis_access.h"
#include "redis_locator.h"

struct redis_sentinel;
/* Connects in the background. Access must stay. ST_NO_MEMORY. */
enum status redis_sentinel_new(const struct redis_access *access,
                               struct redis_sentinel **out) MUST_USE;
/* After all who joined have left. */
void redis_sentinel_free(struct redis_sentinel *s);
struct redis_locator *redis_sentinel_locator(struct redis_sentinel *s);
