/* The router of a cluster: a map of its slots, lanes to each of its masters, and
 * a connection, to one node after the other, that asks for the map. */
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "redis_router.h"
#include "redis_slots.h"

enum { KNOWN_MAX = 64 };

/* A master, or what was one lately. */
struct node {
    struct redis_endpoint where;
    struct redis_list list; /* of one */
    struct redis_lanes lanes;
    bool has_slots;
    bool had_slots; /* when it was last looked at */
    struct node *next;
};

struct cluster {
    struct redis_router router; /* must be first */
    const struct redis_access *access;
    struct node *nodes;
    struct node *slots[REDIS_SLOT_COUNT]; /* NULL: nobody has it */
    bool is_whole;                        /* everybody has somebody, in the last map */

    struct redis_endpoint known[KNOWN_MAX]; /* the URL's, then masters */
    struct redis_list list;                 /* of them */
    struct redis_connection *guide;
    struct redis_call question;
    bool asked;        /* and no answer yet */
    uint64_t asked_at; /* steady ms */
    struct event *watch;
};

/* --- nodes --- */

static void on_change(void *arg);

static enum status node_new(struct cluster *c, const struct redis_endpoint *where,
                            struct node **out)
{
    struct node *n = calloc(1, sizeof *n);

    if (!n)
        return ST_NO_MEMORY;
    n->where = *where;
    redis_list_init(&n->list, &n->where, 1);
    const struct redis_lane_options options = { .access = c->access,
                                                .locator = &n->list.locator,
                                                .replicas = c->access->replicas,
                                                .changed = on_change,
                                                .arg = c };
    enum status st = redis_lanes_init(&n->lanes, &options);
    if (st) {
        redis_lanes_clear(&n->lanes);
        free(n);
        return st;
    }
    n->next = c->nodes;
    c->nodes = n;
    *out = n;
    return ST_OK;
}

static struct node *node_at(struct cluster *c, const struct redis_endpoint *where)
{
    struct node *n = c->nodes;

    while (n && !redis_endpoint_equal(&n->where, where))
        n = n->next;
    if (n || node_new(c, where, &n) == ST_OK)
        return n;
    return NULL;
}

static void node_free(struct node *n)
{
    redis_lanes_clear(&n->lanes);
    free(n);
}

/* Who has had no slots since the last look is asked for nothing any more. */
static void drop_idle_nodes(struct cluster *c)
{
    for (struct node **at = &c->nodes; *at;) {
        struct node *n = *at;
        if (n->has_slots || n->had_slots) {
            n->had_slots = n->has_slots;
            at = &n->next;
            continue;
        }
        *at = n->next;
        node_free(n);
    }
}

/* --- the map --- */

static void count_slots(struct cluster *c)
{
    c->is_whole = true;
    for (struct node *n = c->nodes; n; n = n->next)
        n->has_slots = false;
    for (size_t i = 0; i < REDIS_SLOT_COUNT; i++)
        if (c->slots[i])
            c->slots[i]->has_slots = true;
        else
            c->is_whole = false;
}

/* The URL's stay: whoever wrote them knows where to begin anew. */
static void list_masters(struct cluster *c)
{
    size_t count = c->access->url.seed_count;

    for (const struct node *n = c->nodes; n && count < KNOWN_MAX; n = n->next)
        if (n->has_slots)
            c->known[count++] = n->where;
    c->list.count = count;
}

static void assign(void *arg, uint16_t first, uint16_t last, const struct redis_endpoint *master)
{
    struct cluster *c = arg;
    struct node *n = node_at(c, master);

    for (size_t i = first; i <= last; i++)
        c->slots[i] = n;
}

static void check_only(void *arg, uint16_t first, uint16_t last,
                       const struct redis_endpoint *master)
{
    (void)arg, (void)first, (void)last, (void)master;
}

static void on_map(struct redis_call *call, const redisReply *reply, bool written)
{
    struct cluster *c =
        (struct cluster *)(void *)((char *)call - offsetof(struct cluster, question));
    const struct redis_endpoint *asked = redis_connection_where(c->guide);

    (void)written;
    c->asked = false;
    if (!reply)
        return;
    /* One that is malformed anywhere changes nothing. */
    if (redis_slots_read(reply, asked, check_only, NULL)) {
        redis_connection_drop(c->guide,
                              reply->type == REDIS_REPLY_ERROR ? reply->str : "it has no map");
        return;
    }
    memset(c->slots, 0, sizeof c->slots);
    if (redis_slots_read(reply, asked, assign, c) == ST_OK)
        count_slots(c);
    list_masters(c);
}

static void ask_for_map(struct cluster *c)
{
    const struct redis_words words = { 2, { SLICE_LIT("CLUSTER"), SLICE_LIT("SLOTS") } };

    if (c->asked)
        return;
    c->question.done = on_map;
    c->asked = redis_connection_say(c->guide, &words, &c->question) == ST_OK;
    c->asked_at = clock_steady(&SYSTEM_CLOCK);
}

static void on_guide_ready(void *arg)
{
    ask_for_map(arg);
}

static void on_change(void *arg)
{
    ask_for_map(arg);
}

static bool is_silent(const struct cluster *c)
{
    return c->asked && clock_steady(&SYSTEM_CLOCK) - c->asked_at >= c->access->command_timeout_ms;
}

static bool cluster_ready(const struct redis_router *r)
{
    const struct cluster *c = (const struct cluster *)r;

    for (const struct node *n = c->nodes; n; n = n->next)
        if (n->has_slots && !redis_lanes_ready(&n->lanes))
            return false;
    return c->is_whole;
}

/* While all is not well the next node is asked: this one may be cut off together
 * with a master that is none any more. */
static void on_watch(evutil_socket_t fd, short what, void *arg)
{
    struct cluster *c = arg;

    (void)fd, (void)what;
    drop_idle_nodes(c);
    if (!redis_connection_ready(c->guide))
        return;
    if (is_silent(c))
        redis_connection_drop(c->guide, "no answer in time");
    else if (!cluster_ready(&c->router) && !c->asked)
        redis_connection_drop(c->guide, "another node may know more");
    else
        ask_for_map(c);
}

/* --- the router --- */

static struct redis_lane *cluster_lane(struct redis_router *r, struct slice key, bool durable)
{
    struct cluster *c = (struct cluster *)r;
    const struct node *n = c->slots[redis_slot_of(key)];

    return n ? redis_lanes_pick(&n->lanes, durable) : NULL;
}

static struct redis_lane *cluster_redirected(struct redis_router *r,
                                             const struct redis_command *command, const char *error,
                                             bool *says_asking)
{
    struct cluster *c = (struct cluster *)r;
    struct redis_redirection redirection;

    if (redis_redirection_read(error, redis_lane_where(command->lane), &redirection))
        return NULL;
    struct node *n = node_at(c, &redirection.to);
    if (!n)
        return NULL;
    *says_asking = redirection.asking;
    if (!redirection.asking) {
        c->slots[redirection.slot] = n;
        n->has_slots = true;
        ask_for_map(c);
    }
    n->had_slots = true; /* stays for a while */
    return redis_lanes_pick(&n->lanes, redis_lane_durable(command->lane));
}

static struct redis_locator *cluster_locator(struct redis_router *r)
{
    return &((struct cluster *)r)->list.locator;
}

static void cluster_free(struct redis_router *r)
{
    struct cluster *c = (struct cluster *)r;

    if (c->guide)
        redis_connection_stop(c->guide);
    memset(c->slots, 0, sizeof c->slots);
    while (c->nodes) {
        struct node *n = c->nodes;
        c->nodes = n->next;
        node_free(n);
    }
    if (c->guide)
        redis_connection_free(c->guide);
    if (c->watch)
        event_free(c->watch);
    free(c);
}

static const struct redis_router_ops cluster_ops = {
    .ready = cluster_ready,
    .lane = cluster_lane,
    .redirected = cluster_redirected,
    .locator = cluster_locator,
    .free = cluster_free,
};

static enum status open_parts(struct cluster *c)
{
    const struct redis_watch watch = { .ready = on_guide_ready, .arg = c };
    const struct timeval every = redis_timeval(c->access->watch_ms);

    c->watch = event_new(c->access->base, -1, EV_PERSIST, on_watch, c);
    if (!c->watch || event_add(c->watch, &every) != 0)
        return ST_NO_MEMORY;
    return redis_connection_new(c->access, &c->list.locator, REDIS_ANY_ROLE, &watch, &c->guide);
}

enum status redis_cluster_new(const struct redis_access *access, struct redis_router **out)
{
    struct cluster *c = calloc(1, sizeof *c);

    if (!c)
        return ST_NO_MEMORY;
    c->router.ops = &cluster_ops;
    c->access = access;
    memcpy(c->known, access->url.seeds, access->url.seed_count * sizeof c->known[0]);
    redis_list_init(&c->list, c->known, access->url.seed_count);
    enum status st = open_parts(c);
    if (st)
        cluster_free(&c->router);
    else
        *out = &c->router;
    return st;
}
