#include "async.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

void async_enter(struct vouchsafe_async *a)
{
    a->entered++;
}

static void release(struct vouchsafe_async *a)
{
    if (a->turn)
        event_free(a->turn);
    names_free(a->env.names);
    agent_clear(&a->agent);
    free(a);
}

void async_leave(struct vouchsafe_async *a)
{
    a->entered--;
    if (a->freed && a->entered == 0)
        release(a);
}

static void settle_all(struct vouchsafe_async *a)
{
    struct call *c;

    while ((c = TAILQ_FIRST(&a->settled))) {
        TAILQ_REMOVE(&a->settled, c, link);
        c->kind->settled(a, c);
    }
}

static void settle(struct vouchsafe_async *a, struct call *c, enum vouchsafe_error error)
{
    c->error = error;
    TAILQ_INSERT_TAIL(&a->settled, c, link);
}

/* Whether the flight that has landed is what this call waited for. */
static bool concerns(const struct vouchsafe_async *a, const struct call *c)
{
    return !c->kind->fetches && keeper_concerns(&a->agent.keeper);
}

static void ask_again(struct vouchsafe_async *a, struct call *c)
{
    static const struct timeval at_once = { 0, 0 };

    if (event_add(a->turn, &at_once) != 0)
        settle(a, c, VOUCHSAFE_NO_MEMORY);
    else
        TAILQ_INSERT_TAIL(&a->fresh, c, link);
}

static void settle_fetching(struct vouchsafe_async *a, enum vouchsafe_error error)
{
    struct call *c = a->fetching;

    a->fetching = NULL;
    if (c && !error)
        memcpy(c->result, a->flight->token, sizeof c->result);
    if (c)
        settle(a, c, error);
}

static void land(struct vouchsafe_async *a, enum vouchsafe_error error)
{
    static const struct landing no_memory = { .error = VOUCHSAFE_NO_MEMORY };
    struct keeper *keeper = &a->agent.keeper;
    int64_t now = agent_now();
    struct call_list waited;
    struct call *c;

    keeper_land(keeper, a->flight ? flight_end(a->flight, error) : &no_memory, now, agent_chance());
    settle_fetching(a, error);
    flight_free(a->flight);
    a->flight = NULL;
    TAILQ_INIT(&waited);
    TAILQ_CONCAT(&waited, &a->waiting, link);
    while ((c = TAILQ_FIRST(&waited))) {
        TAILQ_REMOVE(&waited, c, link);
        if (concerns(a, c))
            settle(a, c, keeper_outcome(keeper, now, c->kind->anew));
        else
            ask_again(a, c);
    }
}

static void on_leg(void *arg, enum vouchsafe_error error, struct http_answer *answer);

/* Begins the next request of the flight, or lands with the reason why not. */
static void fly_leg(struct vouchsafe_async *a)
{
    struct http_post post;
    enum vouchsafe_error error = VOUCHSAFE_NO_MEMORY;

    if (a->flight)
        error = flight_next(a->flight, agent_now(), &post);
    if (!error)
        error = exchange_start(&a->env, &post, on_leg, a, &a->leg);
    if (error)
        land(a, error);
}

static void on_leg(void *arg, enum vouchsafe_error error, struct http_answer *answer)
{
    struct vouchsafe_async *a = arg;

    async_enter(a);
    a->leg = NULL;
    if (!error)
        error = flight_answer(a->flight, answer);
    if (!error)
        agent_deliver(&a->agent, a->flight, &answer->chain);
    if (!error && !a->flight->landed)
        fly_leg(a);
    else
        land(a, error);
    http_answer_clear(answer);
    settle_all(a);
    async_leave(a);
}

/* Who renews ahead of time is served like the others: the flight is in nobody's way. */
static void take_off(struct vouchsafe_async *a, struct call *c)
{
    struct keeper *keeper = &a->agent.keeper;
    const struct wish wish = { c->kind->format, c->audience };

    if (c->kind->fetches)
        a->fetching = c;
    else if (!c->kind->anew && keeper_serves(keeper, agent_now()))
        settle(a, c, VOUCHSAFE_OK);
    else
        TAILQ_INSERT_TAIL(&a->waiting, c, link);
    a->flight = flight_new(a->agent.core, &a->agent.settings,
                           c->kind->fetches ? &wish : &WISH_TOKEN, keeper->token);
    fly_leg(a);
}

static void ask(struct vouchsafe_async *a, struct call *c)
{
    const struct wish wish = { c->kind->format, c->audience };

    if (c->kind->fetches && !wish_ok(&wish)) {
        settle(a, c, VOUCHSAFE_BAD_ARGUMENT);
        return;
    }
    switch (keeper_ask(&a->agent.keeper, agent_now(), c->kind->anew)) {
    case KEEPER_SERVE:
        settle(a, c, VOUCHSAFE_OK);
        break;
    case KEEPER_HOLD:
        settle(a, c, a->agent.keeper.held);
        break;
    case KEEPER_WAIT:
        TAILQ_INSERT_TAIL(&a->waiting, c, link);
        break;
    case KEEPER_FLY:
        take_off(a, c);
        break;
    }
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    struct vouchsafe_async *a = arg;
    struct call *c;

    (void)fd;
    (void)what;
    async_enter(a);
    while ((c = TAILQ_FIRST(&a->fresh))) {
        TAILQ_REMOVE(&a->fresh, c, link);
        ask(a, c);
    }
    settle_all(a); /* calls begun meanwhile have asked for a turn of their own */
    async_leave(a);
}

enum vouchsafe_error async_begin(struct vouchsafe_async *a, struct call *c)
{
    static const struct timeval at_once = { 0, 0 };

    if (!c)
        return VOUCHSAFE_NO_MEMORY;
    enum vouchsafe_error error = a->freed ? VOUCHSAFE_CANCELLED : VOUCHSAFE_OK;
    if (!error && event_add(a->turn, &at_once) != 0)
        error = VOUCHSAFE_NO_MEMORY;
    if (error)
        call_free(c);
    else
        TAILQ_INSERT_TAIL(&a->fresh, c, link);
    return error;
}

static enum vouchsafe_error open_client(struct vouchsafe_async *a,
                                        const struct vouchsafe_config *config,
                                        struct event_base *base)
{
    enum vouchsafe_error error = agent_init(&a->agent, config);

    if (error)
        return error;
    a->turn = event_new(base, -1, 0, on_turn, a);
    a->env = (struct exchange_env){ base, names_new(base), a->agent.trust };
    return a->turn && a->env.names ? VOUCHSAFE_OK : VOUCHSAFE_NO_MEMORY;
}

enum vouchsafe_error vouchsafe_async_new(const struct vouchsafe_config *config,
                                         struct event_base *base, struct vouchsafe_async **out)
{
    struct vouchsafe_async *a = calloc(1, sizeof *a);

    if (!a)
        return VOUCHSAFE_NO_MEMORY;
    TAILQ_INIT(&a->fresh);
    TAILQ_INIT(&a->waiting);
    TAILQ_INIT(&a->settled);
    TAILQ_INIT(&a->posting);
    enum vouchsafe_error error = open_client(a, config, base);
    if (error)
        release(a);
    else
        *out = a;
    return error;
}

static void cancel_all(struct call_list *list)
{
    struct call *c;

    while ((c = TAILQ_FIRST(list))) {
        TAILQ_REMOVE(list, c, link);
        c->kind->fail(c, VOUCHSAFE_CANCELLED);
    }
}

static void cancel_fetching(struct vouchsafe_async *a)
{
    struct call *c = a->fetching;

    a->fetching = NULL;
    if (c)
        c->kind->fail(c, VOUCHSAFE_CANCELLED);
}

void vouchsafe_async_free(struct vouchsafe_async *a)
{
    if (!a || a->freed)
        return;
    a->freed = true;
    async_enter(a);
    exchange_cancel(a->leg);
    flight_free(a->flight);
    a->leg = NULL;
    a->flight = NULL;
    cancel_fetching(a);
    cancel_all(&a->fresh);
    cancel_all(&a->waiting);
    cancel_all(&a->settled);
    cancel_all(&a->posting);
    async_leave(a);
}

void vouchsafe_async_refusal(const struct vouchsafe_async *a, struct vouchsafe_refusal *out)
{
    *out = keeper_refusal(&a->agent.keeper, agent_now());
    out->key_error = vouchsafe_core_key_error(a->agent.core);
}
