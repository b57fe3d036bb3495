#include "redis_router.h"

enum status redis_router_new(const struct redis_access *access, struct redis_router **out)
{
    return access->url.kind == REDIS_CLUSTER ? redis_cluster_new(access, out)
                                             : redis_single_new(access, out);
}

void redis_router_free(struct redis_router *r)
{
    if (r)
        r->ops->free(r);
}

bool redis_router_ready(const struct redis_router *r)
{
    return r->ops->ready(r);
}

struct redis_lane *redis_router_lane(struct redis_router *r, struct slice key, bool durable)
{
    return r->ops->lane(r, key, durable);
}

struct redis_lane *redis_router_redirected(struct redis_router *r,
                                           const struct redis_command *command, const char *error,
                                           bool *says_asking)
{
    return r->ops->redirected(r, command, error, says_asking);
}

struct redis_locator *redis_router_locator(struct redis_router *r)
{
    return r->ops->locator(r);
}

/* --- lanes --- */

enum status redis_lanes_init(struct redis_lanes *l, const struct redis_lane_options *options)
{
    struct redis_lane_options plain = *options;

    *l = (struct redis_lanes){ .plain = NULL };
    plain.replicas = 0;
    enum status st = redis_lane_new(&plain, &l->plain);
    if (st)
        return st;
    st = options->replicas ? redis_lane_new(options, &l->durable) : ST_OK;
    if (!options->replicas)
        l->durable = l->plain;
    return st;
}

/* Whoever is told meanwhile that a command failed finds no lane for another. */
void redis_lanes_clear(struct redis_lanes *l)
{
    const struct redis_lanes former = *l;

    *l = (struct redis_lanes){ .plain = NULL };
    if (former.durable != former.plain)
        redis_lane_free(former.durable);
    redis_lane_free(former.plain);
}

bool redis_lanes_ready(const struct redis_lanes *l)
{
    return l->plain && redis_lane_ready(l->plain) && redis_lane_ready(l->durable);
}

struct redis_lane *redis_lanes_pick(const struct redis_lanes *l, bool durable)
{
    return durable ? l->durable : l->plain;
}
