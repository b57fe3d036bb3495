/* async: the client on an event loop: which calls wait for what, and the one flight. */
#pragma once
#include "agent.h"
#include "call.h"

struct event;

struct vouchsafe_async {
    struct agent agent;
    struct exchange_env env;
    struct event *turn; /* runs on_turn soon */

    /* A call is in one of these. */
    struct call_list fresh;   /* until the next turn */
    struct call_list waiting; /* for the flight */
    struct call_list settled; /* the token is there, or not */
    struct call_list posting; /* their own POST is under way */

    struct flight *flight;
    struct call *fetching; /* whose flight it is alone, or NULL; in no list */
    struct exchange *leg;  /* of the flight, under way */

    unsigned entered; /* callbacks from the loop that are running, one in another */
    bool freed;       /* by one of them: goes when they have returned */
};

/* Round everything that the loop calls: an app's callback may free the client. */
void async_enter(struct vouchsafe_async *a);
void async_leave(struct vouchsafe_async *a);

/* Hands the call over to the loop. */
enum vouchsafe_error async_begin(struct vouchsafe_async *a, struct call *c) MUST_USE;
