/* call: what somebody wants of the async client, from the function to its callback. */
#pragma once
#include <sys/queue.h>

#include "exchange.h"
#include "vouchsafe/client_event.h"

struct call {
    TAILQ_ENTRY(call) link;
    const struct call_kind *kind;
    union {
        vouchsafe_token_fn *token;
        vouchsafe_headers_fn *headers;
        vouchsafe_response_fn *response;
    } done;
    void *arg;
    enum vouchsafe_error error;              /* of the token */
    struct exchange *exchange;               /* of its own POST, under way */
    struct vouchsafe_async *client;          /* whose list it is in then */
    char *url, *audience, *challenge, *form; /* owned, or NULL */
    char result[VOUCHSAFE_TOKEN_MAX + 1];    /* of one that fetches */
};
TAILQ_HEAD(call_list, call);

struct call_kind {
    bool anew;    /* no token at hand will do */
    bool fetches; /* something of its own, of this format: nobody else's flight will do */
    enum vouchsafe_format format;
    /* The token is there, or will not be. Takes the call over. */
    void (*settled)(struct vouchsafe_async *client, struct call *call);
    /* Ends it with an error. */
    void (*fail)(struct call *call, enum vouchsafe_error error);
};

/* The texts may be NULL and are copied. NULL without memory. */
struct call *call_new(const struct call_kind *kind, void *arg, const char *url,
                      const char *audience, const char *challenge, const char *form);
/* Cancels its exchange, too. */
void call_free(struct call *c);
