/* redis_connection: one connection to Redis that is kept up: located, resolved,
 * connected, authenticated and asked for its role within a deadline, and begun
 * again, ever more slowly, when it is lost. */
#pragma once
#include "redis_access.h"
#include "redis_locator.h"
#include "redis_wire.h"

struct redisReply;
struct redis_call;

/* Fires once for every call sent, in order. `reply` is borrowed; NULL if none
 * came: `written` then tells whether any byte of the command may have left us. */
typedef void redis_reply_fn(struct redis_call *call, const struct redisReply *reply, bool written);

/* The caller's, until its reply. */
struct redis_call {
    redis_reply_fn *done;
    uint64_t starts_at; /* of the bytes handed to this connection */
};

/* Told, where it wants to, what becomes of the connection. */
struct redis_watch {
    void (*ready)(void *arg);
    void (*lost)(void *arg); /* it was ready; calls under way fire before or after */
    /* What Redis says unasked to those who subscribed; borrowed. */
    void (*push)(void *arg, const struct redisReply *reply);
    void *arg;
};

/* What has to be at the other end. A replica answers reads and forgets writes:
 * for data only a master will do. */
enum redis_role { REDIS_MASTER, REDIS_ANY_ROLE, REDIS_A_SENTINEL };

struct redis_connection;
/* Connects in the background. Access and locator must stay. ST_NO_MEMORY. */
enum status redis_connection_new(const struct redis_access *access, struct redis_locator *locator,
                                 enum redis_role role, const struct redis_watch *watch,
                                 struct redis_connection **out) MUST_USE;
/* Ends for good what is under way: calls fire. Not from within a call's end. */
void redis_connection_stop(struct redis_connection *c);
/* After redis_connection_stop. */
void redis_connection_free(struct redis_connection *c);

bool redis_connection_ready(const struct redis_connection *c);
/* Where it is, or tries to be. */
const struct redis_endpoint *redis_connection_where(const struct redis_connection *c);
struct redis_locator *redis_connection_locator(const struct redis_connection *c);

/* ST_UNAVAILABLE: not ready, and nothing will fire. The wire is copied. */
enum status redis_connection_send(struct redis_connection *c, const struct redis_wire *wire,
                                  struct redis_call *call) MUST_USE;
enum status redis_connection_say(struct redis_connection *c, const struct redis_words *words,
                                 struct redis_call *call) MUST_USE;
/* SUBSCRIBE or UNSUBSCRIBE: what Redis says to that goes to `push`. */
enum status redis_connection_subscribe(struct redis_connection *c,
                                       const struct redis_words *words) MUST_USE;
/* Gives the connection up and begins anew: calls under way fire. */
void redis_connection_drop(struct redis_connection *c, const char *why);
