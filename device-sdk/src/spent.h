/* spent: the bounded table of device tokens that have opened a session, until they expire. */
#pragma once
#include "msg_device_hello.h"

struct spent_token {
    uint8_t id[GRANT_ID_LEN]; /* hash of the jti */
    int64_t expires;          /* 0: the place is free */
};

struct spent {
    struct spent_token *tokens; /* the caller's */
    uint32_t capacity;
};

void spent_init(struct spent *s, struct spent_token *tokens, uint32_t capacity);
bool spent_has(const struct spent *s, const uint8_t id[static GRANT_ID_LEN]);

/* ST_EXISTS if it was spent before; ST_BUSY if the table is full of tokens that could still be
 * replayed: rather none than one twice. */
enum status spent_add(struct spent *s, const uint8_t id[static GRANT_ID_LEN], int64_t expires,
                      int64_t now) MUST_USE;
