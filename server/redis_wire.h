/* redis_wire: a command as it goes to Redis. */
#pragma once
#include "bytes.h"

enum { REDIS_WORDS_MAX = 8 };

/* Words are binary. */
struct redis_words {
    size_t count;
    struct slice words[REDIS_WORDS_MAX];
};

struct redis_wire {
    char *text; /* hiredis's */
    size_t len;
};

/* ST_NO_MEMORY. */
enum status redis_wire_init(struct redis_wire *w, const struct redis_words *words) MUST_USE;
void redis_wire_clear(struct redis_wire *w); /* and wipes it: it may be a password */
