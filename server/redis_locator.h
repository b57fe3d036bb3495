/* redis_locator: says where the Redis is that connections are to go to: the
 * addresses of a list in turn, or what sentinels say. */
#pragma once
#include "redis_url.h"

/* A connection, as its locator knows it. */
struct redis_seeker {
    /* The answer to redis_locator_ask. */
    void (*found)(struct redis_seeker *s, const struct redis_endpoint *where);
    /* Unasked, and maybe once more of the same: where it is now. */
    void (*heard)(struct redis_seeker *s, const struct redis_endpoint *where);
    bool asking;
    struct redis_seeker *next;
};

struct redis_locator;
struct redis_locator_ops {
    void (*join)(struct redis_locator *, struct redis_seeker *);
    void (*leave)(struct redis_locator *, struct redis_seeker *);
    void (*ask)(struct redis_locator *, struct redis_seeker *);
    void (*doubt)(struct redis_locator *);
};
struct redis_locator {
    const struct redis_locator_ops *ops;
};

void redis_locator_join(struct redis_locator *l, struct redis_seeker *s);
void redis_locator_leave(struct redis_locator *l, struct redis_seeker *s);
/* Answers once, maybe before it returns, or never: the seeker has a deadline. */
void redis_locator_ask(struct redis_locator *l, struct redis_seeker *s);
/* No answer is wanted any more. */
void redis_locator_cancel(struct redis_seeker *s);
/* What was found there was not what it should be. */
void redis_locator_doubt(struct redis_locator *l);

/* One after the other, without end. The endpoints are borrowed. */
struct redis_list {
    struct redis_locator locator; /* must be first */
    const struct redis_endpoint *endpoints;
    size_t count;
    size_t turn;
};
void redis_list_init(struct redis_list *l, const struct redis_endpoint *endpoints, size_t count);
