#include "names.h"

#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>
#include <stdio.h>
#include <stdlib.h>

/* evdns is there while a question is open, and no longer: its sockets would keep the loop going,
 * and a device that has moved has other name servers. */
struct names {
    struct event_base *base;
    struct evdns_base *dns;
    unsigned open;
    struct event *idle; /* evdns may not be freed from its own callback */
};

/* Outlives its cancellation: evdns answers that later. */
struct question {
    struct names *names;
    names_fn *done; /* NULL: cancelled */
    void *arg;
    struct evdns_getaddrinfo_request *request; /* NULL: names_ask has not returned yet */
    bool answered;
};

static void on_idle(evutil_socket_t fd, short what, void *arg)
{
    struct names *n = arg;

    (void)fd;
    (void)what;
    if (n->open || !n->dns)
        return;
    evdns_base_free(n->dns, 0);
    n->dns = NULL;
}

struct names *names_new(struct event_base *base)
{
    struct names *n = calloc(1, sizeof *n);

    if (!n)
        return NULL;
    n->base = base;
    n->idle = event_new(base, -1, 0, on_idle, n);
    if (n->idle)
        return n;
    free(n);
    return NULL;
}

void names_free(struct names *n)
{
    if (!n)
        return;
    event_free(n->idle);
    if (n->dns)
        evdns_base_free(n->dns, 0);
    free(n);
}

static void close_question(struct names *n)
{
    if (--n->open == 0)
        event_active(n->idle, EV_TIMEOUT, 0);
}

/* Without a usable resolv.conf there is still the file of hosts. */
static struct evdns_base *open_dns(struct event_base *base)
{
    struct evdns_base *dns =
        evdns_base_new(base, EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);

    if (dns)
        return dns;
    dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (dns)
        evdns_base_load_hosts(dns, "/etc/hosts");
    return dns;
}

static void on_answer(int error, struct evutil_addrinfo *found, void *arg)
{
    struct question *q = arg;
    bool returned = q->request; /* names_ask has: nobody else frees the question */

    if (q->done) {
        close_question(q->names);
        q->answered = true;
        q->done(q->arg, error ? NULL : found);
    }
    if (found && (error || !q->answered))
        evutil_freeaddrinfo(found);
    if (returned)
        free(q);
}

static struct question *ask_dns(struct names *n, const char *host, const char *port, names_fn *done,
                                void *arg)
{
    const struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    struct question *q = calloc(1, sizeof *q);

    if (!n->dns)
        n->dns = open_dns(n->base);
    if (!q || !n->dns) {
        free(q);
        done(arg, NULL);
        return NULL;
    }
    *q = (struct question){ .names = n, .done = done, .arg = arg };
    n->open++;
    struct evdns_getaddrinfo_request *request =
        evdns_getaddrinfo(n->dns, host, port, &hints, on_answer, q);
    if (q->answered) {
        free(q);
        return NULL;
    }
    q->request = request;
    return q;
}

struct question *names_ask(struct names *n, const struct url *url, names_fn *done, void *arg)
{
    const struct evutil_addrinfo numeric = { .ai_family = AF_UNSPEC,
                                             .ai_socktype = SOCK_STREAM,
                                             .ai_flags = EVUTIL_AI_NUMERICHOST };
    struct evutil_addrinfo *found = NULL;
    char host[URL_HOST_MAX + 1], port[8];

    snprintf(port, sizeof port, "%u", url->port);
    if (slice_copy_text(url->host, host, sizeof host)) {
        done(arg, NULL);
        return NULL;
    }
    if (evutil_getaddrinfo(host, port, &numeric, &found) == 0) {
        done(arg, found);
        return NULL;
    }
    return ask_dns(n, host, port, done, arg);
}

void names_cancel(struct question *q)
{
    if (!q)
        return;
    q->done = NULL;
    close_question(q->names);
    evdns_getaddrinfo_cancel(q->request);
}
