/* mailbox: calls that other threads leave for a loop. */
#pragma once
#include <event2/event.h>

#include "status.h"

/* Caller-held, in place until it is run. */
typedef void mail_fn(void *arg);
struct mail {
    mail_fn *run;
    void *arg;
    struct mail *next;
};

struct mailbox;
enum status mailbox_new(struct event_base *base, struct mailbox **out) MUST_USE;
/* In the loop's thread, once nobody posts any more. Runs what has been left. */
void mailbox_free(struct mailbox *m);

/* From any thread. They are run in order, by the loop. */
void mailbox_post(struct mailbox *m, struct mail *mail);
