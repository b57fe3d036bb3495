/* redis_loop: a connection of hiredis on a loop. Commands that are given in one pass of the loop
 * leave in one write at its end, and nobody asks first whether they can. */
#pragma once
#include <event2/event.h>
#include <hiredis/async.h>

#include "status.h"

/* The context, when it is freed, leaves the loop by itself. */
enum status redis_loop_join(redisAsyncContext *context, struct event_base *base) MUST_USE;
