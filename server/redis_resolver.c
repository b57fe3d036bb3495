#include "redis_resolver.h"

#include <event2/util.h>
#include <netdb.h>
#include <stdlib.h>

struct redis_resolver {
    struct evdns_base *dns;
    struct question *question; /* that has no answer yet */
    unsigned turn;
};

/* Outlives the resolver if it is cancelled: evdns answers that later. */
struct question {
    struct redis_resolver *resolver; /* NULL: cancelled */
    struct evdns_getaddrinfo_request *request;
    redis_resolved_fn *done;
    void *arg;
};

static const struct evutil_addrinfo *in_turn(const struct evutil_addrinfo *found, unsigned turn)
{
    unsigned count = 0;

    for (const struct evutil_addrinfo *a = found; a; a = a->ai_next)
        count++;
    for (turn %= count; turn; turn--)
        found = found->ai_next;
    return found;
}

static void answer(const struct question *q, const struct evutil_addrinfo *found)
{
    const struct evutil_addrinfo *address = in_turn(found, q->resolver->turn++);
    char text[NI_MAXHOST];

    if (getnameinfo(address->ai_addr, (socklen_t)address->ai_addrlen, text, sizeof text, NULL, 0,
                    NI_NUMERICHOST) == 0)
        q->done(q->arg, text);
    else
        q->done(q->arg, NULL);
}

static void on_answer(int error, struct evutil_addrinfo *found, void *arg)
{
    struct question *q = arg;

    if (q->resolver) {
        q->resolver->question = NULL;
        if (error == 0 && found)
            answer(q, found);
        else
            q->done(q->arg, NULL);
    }
    if (found)
        evutil_freeaddrinfo(found);
    free(q);
}

void redis_resolver_ask(struct redis_resolver *r, const char *host, redis_resolved_fn *done,
                        void *arg)
{
    const struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    struct question *q = malloc(sizeof *q);

    if (!q) {
        done(arg, NULL);
        return;
    }
    *q = (struct question){ .resolver = r, .done = done, .arg = arg };
    r->question = q;
    struct evdns_getaddrinfo_request *request =
        evdns_getaddrinfo(r->dns, host, NULL, &hints, on_answer, q);
    if (request) /* otherwise it has been answered already, and is gone */
        q->request = request;
}

void redis_resolver_cancel(struct redis_resolver *r)
{
    struct question *q = r->question;

    if (!q)
        return;
    r->question = NULL;
    q->resolver = NULL;
    evdns_getaddrinfo_cancel(q->request);
}

enum status redis_resolver_new(struct evdns_base *dns, struct redis_resolver **out)
{
    struct redis_resolver *r = calloc(1, sizeof *r);

    if (!r)
        return ST_NO_MEMORY;
    r->dns = dns;
    *out = r;
    return ST_OK;
}

void redis_resolver_free(struct redis_resolver *r)
{
    if (!r)
        return;
    redis_resolver_cancel(r);
    free(r);
}
