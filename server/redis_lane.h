/* redis_lane: commands in order on one connection, each with a deadline. A
 * durable lane ends a command only when `replicas` replicas have what it wrote:
 * commands that come while one WAIT is under way share the next, so that
 * waiting costs time but no throughput. */
#pragma once
#include "redis_connection.h"

struct redis_lane;
struct redis_command;

/* What became of a command that Redis did not answer, or whose answer is not to
 * be relied on. */
enum redis_failure {
    REDIS_NOT_SENT,
    REDIS_LOST,   /* it may have been done */
    REDIS_FORGETS /* it was done, and too few replicas have it */
};

/* The caller's, until it has ended: exactly one of them ends it. */
struct redis_command_ops {
    /* The reply. true: it ends with `kept`, once replicas have it, or `failed`;
     * false: it has ended, or goes elsewhere. On lanes that are not durable it
     * ends here in any case. */
    bool (*answered)(struct redis_command *command, const struct redisReply *reply);
    void (*kept)(struct redis_command *command);
    void (*failed)(struct redis_command *command, enum redis_failure how);
};

struct redis_command {
    struct redis_call call; /* must be first */
    struct redis_call asking;
    const struct redis_command_ops *ops;
    struct redis_wire wire;
    uint64_t deadline; /* steady ms; commands of a lane have it in their order */
    bool says_asking;  /* ASKING goes before it: its slot is on the way here */
    struct redis_lane *lane;
    struct redis_command *next;
};

/* Connects in the background. Access and locator must stay. `changed` is told,
 * from within the loop, that it may be ready or not. */
struct redis_lane_options {
    const struct redis_access *access;
    struct redis_locator *locator;
    uint32_t replicas; /* 0: not durable */
    void (*changed)(void *arg);
    void *arg;
};
enum status redis_lane_new(const struct redis_lane_options *options,
                           struct redis_lane **out) MUST_USE;
/* Commands under way fail. Not from within the end of one. */
void redis_lane_free(struct redis_lane *lane);

/* Connected, and, if durable, with replicas that keep up. */
bool redis_lane_ready(const struct redis_lane *lane);
bool redis_lane_durable(const struct redis_lane *lane);
const struct redis_endpoint *redis_lane_where(const struct redis_lane *lane);
/* ST_OK: it will end, never before this has returned. ST_UNAVAILABLE: not ready. */
enum status redis_lane_send(struct redis_lane *lane, struct redis_command *command) MUST_USE;
/* For a Redis that says it will not do. Commands under way fail. */
void redis_lane_drop(struct redis_lane *lane, const char *why);
