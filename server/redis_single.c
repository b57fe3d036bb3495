/* The router of one master, wherever it is: at one address, or where sentinels
 * say. */
#include <stdlib.h>

#include "redis_router.h"
#include "redis_sentinel.h"

struct single {
    struct redis_router router; /* must be first */
    struct redis_list list;
    struct redis_sentinel *sentinel; /* NULL: the list says where */
    struct redis_locator *locator;
    struct redis_lanes lanes;
};

static bool single_ready(const struct redis_router *r)
{
    return redis_lanes_ready(&((const struct single *)r)->lanes);
}

static struct redis_lane *single_lane(struct redis_router *r, struct slice key, bool durable)
{
    (void)key;
    return redis_lanes_pick(&((struct single *)r)->lanes, durable);
}

static struct redis_lane *single_redirected(struct redis_router *r,
                                            const struct redis_command *command, const char *error,
                                            bool *says_asking)
{
    (void)r, (void)command, (void)error, (void)says_asking;
    return NULL;
}

static struct redis_locator *single_locator(struct redis_router *r)
{
    return ((struct single *)r)->locator;
}

static void single_free(struct redis_router *r)
{
    struct single *s = (struct single *)r;

    redis_lanes_clear(&s->lanes);
    redis_sentinel_free(s->sentinel);
    free(s);
}

static const struct redis_router_ops single_ops = {
    .ready = single_ready,
    .lane = single_lane,
    .redirected = single_redirected,
    .locator = single_locator,
    .free = single_free,
};

static void on_change(void *arg)
{
    (void)arg;
}

static enum status open_locator(struct single *s, const struct redis_access *access)
{
    s->locator = &s->list.locator;
    redis_list_init(&s->list, access->url.seeds, access->url.seed_count);
    if (access->url.kind != REDIS_SENTINEL)
        return ST_OK;
    enum status st = redis_sentinel_new(access, &s->sentinel);
    if (!st)
        s->locator = redis_sentinel_locator(s->sentinel);
    return st;
}

enum status redis_single_new(const struct redis_access *access, struct redis_router **out)
{
    struct single *s = calloc(1, sizeof *s);

    if (!s)
        return ST_NO_MEMORY;
    s->router.ops = &single_ops;
    enum status st = open_locator(s, access);
    const struct redis_lane_options options = {
        .access = access, .locator = s->locator, .replicas = access->replicas, .changed = on_change
    };
    if (!st)
        st = redis_lanes_init(&s->lanes, &options);
    if (st)
        single_free(&s->router);
    else
        *out = &s->router;
    return st;
}
