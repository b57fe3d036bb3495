/* redis_router: which lane a command goes on: of the one master that there is,
 * or of the one that has its key. */
#pragma once
#include "redis_lane.h"

struct redis_router;
struct redis_router_ops {
    bool (*ready)(const struct redis_router *);
    struct redis_lane *(*lane)(struct redis_router *, struct slice key, bool durable);
    struct redis_lane *(*redirected)(struct redis_router *, const struct redis_command *,
                                     const char *error, bool *says_asking);
    struct redis_locator *(*locator)(struct redis_router *);
    void (*free)(struct redis_router *);
};
struct redis_router {
    const struct redis_router_ops *ops;
};

/* By the kind of the access's URL. Access must stay. ST_NO_MEMORY. */
enum status redis_router_new(const struct redis_access *access, struct redis_router **out) MUST_USE;
/* Commands under way fail. */
void redis_router_free(struct redis_router *r);

/* All of it. */
bool redis_router_ready(const struct redis_router *r);
/* NULL: nobody has that key. `durable` makes no difference without replicas. */
struct redis_lane *redis_router_lane(struct redis_router *r, struct slice key, bool durable);
/* Where a command is to go that was answered with this error, on a lane of the
 * same kind; NULL if that is no redirection. */
struct redis_lane *redis_router_redirected(struct redis_router *r,
                                           const struct redis_command *command, const char *error,
                                           bool *says_asking);
/* For connections that listen: any master will do. */
struct redis_locator *redis_router_locator(struct redis_router *r);

/* The two kinds there are. */
enum status redis_single_new(const struct redis_access *access, struct redis_router **out) MUST_USE;
enum status redis_cluster_new(const struct redis_access *access,
                              struct redis_router **out) MUST_USE;

/* The lanes to one master: the durable one is the other if there are no
 * replicas to wait for. Reads do not queue up behind a WAIT. */
struct redis_lanes {
    struct redis_lane *plain, *durable;
};
enum status redis_lanes_init(struct redis_lanes *l,
                             const struct redis_lane_options *options) MUST_USE;
void redis_lanes_clear(struct redis_lanes *l);
bool redis_lanes_ready(const struct redis_lanes *l);
struct redis_lane *redis_lanes_pick(const struct redis_lanes *l, bool durable);
