/* secret_pool: room for secrets, many to a page: locked in memory, left out of dumps, between pages
 * that nothing may touch. Any thread may call. */
#pragma once
#include "bytes.h"

/* At least len bytes, all of them 0. NULL without memory, or if len is past SECRET_ROOM_MAX. */
enum { SECRET_ROOM_MAX = 544 };
void *secret_pool_take(size_t len);

/* Wipes it. Whoever has written past its end ends the process. */
void secret_pool_give(void *room);
