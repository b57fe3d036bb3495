/* redis_group: several real Redis servers that belong together: a master with
 * its replicas, sentinels over them, a cluster. */
#pragma once
#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <sys/time.h>

#include "redis_child.h"

enum { GROUP_MAX = 7, GROUP_PATIENCE_MS = 30000 };
#define GROUP_NAME "door-keeper"

struct redis_group {
    struct redis_child nodes[GROUP_MAX];
    size_t count;
    char url[256];
};

/* Of 127.0.0.1, that nobody listens on at this moment. */
static inline unsigned group_free_port(void)
{
    struct redis_child r = { .pid = 0 };

    redis_use_tcp(&r);
    return (unsigned)atoi(r.port);
}

static inline void group_sleep(unsigned ms)
{
    const struct timespec delay = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

    nanosleep(&delay, NULL);
}

/* The reply to a command, to be freed; NULL if there is none. */
static inline redisReply *group_vask(const struct redis_child *r, const char *format, va_list words)
{
    const struct timeval patience = { .tv_sec = 5 };
    redisContext *c = redisConnectWithTimeout("127.0.0.1", atoi(r->port), patience);
    redisReply *reply = NULL;

    if (c && !c->err && redisSetTimeout(c, patience) == REDIS_OK)
        reply = redisvCommand(c, format, words);
    if (c)
        redisFree(c);
    return reply;
}

static inline redisReply *group_ask(const struct redis_child *r, const char *format, ...)
{
    va_list words;

    va_start(words, format);
    redisReply *reply = group_vask(r, format, words);
    va_end(words);
    return reply;
}

/* Whether the reply, if a text, has this in it; anything that is no error for "". */
static inline bool group_says(const struct redis_child *r, const char *wanted, const char *format,
                              ...)
{
    va_list words;

    va_start(words, format);
    redisReply *reply = group_vask(r, format, words);
    va_end(words);
    bool ok = reply && reply->type != REDIS_REPLY_ERROR;
    if (ok && wanted[0])
        ok = (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS) &&
             strstr(reply->str, wanted);
    if (reply)
        freeReplyObject(reply);
    return ok;
}

#define GROUP_AWAIT(condition)                                                                     \
    do {                                                                                           \
        int group_left = GROUP_PATIENCE_MS / 20;                                                   \
        while (!(condition) && group_left-- > 0)                                                   \
            group_sleep(20);                                                                       \
        cr_assert_geq(group_left, 0, "waited in vain for " #condition);                            \
    } while (0)

static inline struct redis_child *group_add(struct redis_group *g, const char *const *extra)
{
    struct redis_child *r = &g->nodes[g->count++];

    redis_init(r);
    redis_use_tcp(r);
    redis_run(r, extra);
    GROUP_AWAIT(group_says(r, "PONG", "PING"));
    return r;
}

static inline void group_clear(struct redis_group *g)
{
    for (size_t i = 0; i < g->count; i++) {
        char path[160];
        snprintf(path, sizeof path, "%s/sentinel.conf", g->nodes[i].folder);
        unlink(path);
        snprintf(path, sizeof path, "%s/nodes.conf", g->nodes[i].folder);
        unlink(path);
        redis_clear(&g->nodes[i]);
    }
    g->count = 0;
}

/* --- a master with replicas: nodes[0], and those behind it --- */

/* What is written arrives: it does not at once when a replica says that it is up. */
static inline void group_warm_up(const struct redis_child *master,
                                 const struct redis_child *replica)
{
    cr_assert(group_says(master, "OK", "SET warm up"));
    GROUP_AWAIT(group_says(replica, "up", "GET warm"));
    cr_assert(group_says(master, "", "DEL warm"));
}

static inline void group_replicate(struct redis_group *g, size_t replicas)
{
    static const char *const fast[] = { "--repl-diskless-sync-delay", "0", NULL };
    struct redis_child *master = group_add(g, fast);

    for (size_t i = 0; i < replicas; i++) {
        const char *const extra[] = {
            "--repl-diskless-sync-delay", "0", "--replicaof", "127.0.0.1", master->port, NULL
        };
        struct redis_child *replica = group_add(g, extra);
        GROUP_AWAIT(group_says(replica, "master_link_status:up", "INFO replication"));
        group_warm_up(master, replica);
    }
    snprintf(g->url, sizeof g->url, "redis://127.0.0.1:%d", atoi(master->port));
}

/* --- sentinels, behind them --- */

static inline struct redis_child *group_add_sentinel(struct redis_group *g, const char *more)
{
    struct redis_child *r = &g->nodes[g->count++];
    char path[128], port[8];

    redis_init(r);
    redis_use_tcp(r);
    memcpy(port, g->nodes[0].port, sizeof port);
    snprintf(path, sizeof path, "%s/sentinel.conf", r->folder);
    FILE *f = fopen(path, "w");
    cr_assert_not_null(f);
    fprintf(f,
            "port %s\nbind 127.0.0.1\ndir %s\nsentinel monitor " GROUP_NAME " 127.0.0.1 %s 1\n"
            "sentinel down-after-milliseconds " GROUP_NAME " 500\n"
            "sentinel failover-timeout " GROUP_NAME " 3000\n%s\n",
            r->port, r->folder, port, more);
    fclose(f);
    const char *const args[] = { "redis-server", path, "--sentinel", NULL };
    redis_exec(r, args);
    return r;
}

static inline void group_watch(struct redis_group *g, size_t sentinels)
{
    size_t length = (size_t)snprintf(g->url, sizeof g->url, "redis+sentinel://");

    for (size_t i = 0; i < sentinels; i++) {
        const struct redis_child *r = group_add_sentinel(g, "");
        GROUP_AWAIT(group_says(r, "PONG", "PING"));
        length += (size_t)snprintf(g->url + length, sizeof g->url - length, "%s127.0.0.1:%s",
                                   i ? "," : "", r->port);
    }
    snprintf(g->url + length, sizeof g->url - length, "/" GROUP_NAME);
}

/* --- a cluster of masters --- */

static inline struct redis_child *group_add_node(struct redis_group *g, unsigned bus)
{
    char port[8];
    const char *const extra[] = {
        "--cluster-enabled", "yes", "--cluster-port", port, "--cluster-node-timeout", "2000", NULL
    };

    snprintf(port, sizeof port, "%u", bus);
    return group_add(g, extra);
}

static inline void group_cluster(struct redis_group *g, size_t nodes)
{
    unsigned bus = group_free_port();

    for (size_t i = 0; i < nodes; i++) {
        const struct redis_child *r = group_add_node(g, i ? group_free_port() : bus);
        unsigned first = (unsigned)(16384 * i / nodes), last = (unsigned)(16384 * (i + 1) / nodes);
        cr_assert(group_says(r, "OK", "CLUSTER ADDSLOTSRANGE %u %u", first, last - 1));
        if (i)
            cr_assert(group_says(r, "OK", "CLUSTER MEET 127.0.0.1 %s %u", g->nodes[0].port, bus));
    }
    for (size_t i = 0; i < nodes; i++)
        GROUP_AWAIT(group_says(&g->nodes[i], "cluster_state:ok", "CLUSTER INFO"));
    snprintf(g->url, sizeof g->url, "redis+cluster://127.0.0.1:%d", atoi(g->nodes[0].port));
}
