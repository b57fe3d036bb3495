/* attest_talk: the two requests of one attestation at a time, over kept connections, without
 * waiting: whoever drives it polls its sockets. */
#pragma once
#include "load_options.h"

enum { TALK_SIDES = 2, TALK_ANSWER_MAX = 64 * 1024 };

/* One simulated installation of the app. */
struct installation {
    struct vouchsafe_core *core;
    char *token; /* its last one, where streaks are wanted; otherwise NULL */
};

enum talk_progress {
    TALK_MORE,
    TALK_DONE,    /* a token came */
    TALK_REFUSED, /* the server said no */
    TALK_BROKEN   /* a connection ended, or what came is no answer */
};

struct talk {
    int fds[TALK_SIDES]; /* challenges, attestations; the same where one server does both */
    uint16_t ports[TALK_SIDES];
    unsigned dials;              /* so far: fds are other ones when this has changed */
    unsigned side;               /* that is being waited for */
    struct installation *client; /* NULL: nothing is under way */
    size_t got;
    char request[VOUCHSAFE_MESSAGE_MAX + 512], body[VOUCHSAFE_MESSAGE_MAX];
    char answer[TALK_ANSWER_MAX];
};

/* False without a connection. */
bool talk_open(struct talk *t, const struct load_options *o);
void talk_close(struct talk *t);

/* Asks for a challenge. */
enum talk_progress talk_start(struct talk *t, struct installation *client);
/* Call it when fds[side] can be read. After all but TALK_MORE nothing is under way. Where the
 * server has announced that it closes, and after TALK_BROKEN, it connects anew; false of
 * talk_is_open if that failed. */
enum talk_progress talk_read(struct talk *t);
/* For a side that was not being waited for and can be read: connects anew if it has ended. */
bool talk_renew(struct talk *t, unsigned side);
bool talk_is_open(const struct talk *t);
