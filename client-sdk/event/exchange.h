/* exchange: one POST on an event loop, from the name of a host to its answer. */
#pragma once
#include "channel.h"
#include "http_message.h"
#include "names.h"

struct exchange_env {
    struct event_base *base;
    struct names *names;
    struct trust *trust;
};

/* The answer is the callee's to clear; empty with an error. Any HTTP status is VOUCHSAFE_OK. */
typedef void exchange_fn(void *arg, enum vouchsafe_error error, struct http_answer *answer);

struct exchange;

/* After VOUCHSAFE_OK done is called exactly once, from the loop, and the exchange is gone then;
 * unless it is cancelled before. `post` is copied, `env` outlives the exchange. */
enum vouchsafe_error exchange_start(const struct exchange_env *env, const struct http_post *post,
                                    exchange_fn *done, void *arg, struct exchange **out) MUST_USE;
void exchange_cancel(struct exchange *x);
