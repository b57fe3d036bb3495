#include "redis_locator.h"

void redis_locator_join(struct redis_locator *l, struct redis_seeker *s)
{
    l->ops->join(l, s);
}

void redis_locator_leave(struct redis_locator *l, struct redis_seeker *s)
{
    l->ops->leave(l, s);
}

void redis_locator_ask(struct redis_locator *l, struct redis_seeker *s)
{
    l->ops->ask(l, s);
}

void redis_locator_cancel(struct redis_seeker *s)
{
    s->asking = false;
}

void redis_locator_doubt(struct redis_locator *l)
{
    l->ops->doubt(l);
}

/* --- a list knows no more than what it was made of --- */

static void list_join(struct redis_locator *l, struct redis_seeker *s)
{
    (void)l, (void)s;
}

static void list_doubt(struct redis_locator *l)
{
    (void)l;
}

static void list_ask(struct redis_locator *locator, struct redis_seeker *s)
{
    struct redis_list *l = (struct redis_list *)locator;
    const struct redis_endpoint *where = &l->endpoints[l->turn % l->count];

    l->turn = (l->turn + 1) % l->count;
    s->found(s, where);
}

static const struct redis_locator_ops list_ops = {
    .join = list_join,
    .leave = list_join,
    .ask = list_ask,
    .doubt = list_doubt,
};

void redis_list_init(struct redis_list *l, const struct redis_endpoint *endpoints, size_t count)
{
    *l = (struct redis_list){ .locator.ops = &list_ops, .endpoints = endpoints, .count = count };
}
