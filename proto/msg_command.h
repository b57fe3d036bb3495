/* msg_command: what an app asks of a device, and what that answers. */
#pragma once
#include "msg_device.h"

/* Whole messages fit into COMMAND_MESSAGE_MAX. */
enum { COMMAND_ACTION_MAX = 64, COMMAND_BODY_MAX = 1024, COMMAND_MESSAGE_MAX = 1100 };

struct command {
    uint32_t number;     /* the app's, from 0 on; the answer repeats it */
    struct slice action; /* one word of the grant's scope, such as "door:unlock" */
    struct slice body;   /* or empty: what the action takes */
};

enum answer_code {
    ANSWER_DONE = 0,
    ANSWER_MORE = 1,    /* done so far: further answers to this command follow */
    ANSWER_DENIED = 2,  /* the grant does not cover it (any more, or yet) */
    ANSWER_FAILED = 3,  /* the device tried and could not */
    ANSWER_UNKNOWN = 4, /* no such action, or a malformed command */
    ANSWER_BUSY = 5     /* try again later */
};

struct answer {
    uint32_t number;
    enum answer_code code;
    struct slice body;
};

/* Slices borrow from the message. ST_INVALID. */
enum status command_decode(struct slice message, struct command *out) MUST_USE;
enum status answer_decode(struct slice message, struct answer *out) MUST_USE;

/* ST_INVALID for an action that is no scope-token, ST_TOO_LARGE past a limit. */
enum status command_encode(const struct command *m, struct writer *w) MUST_USE;
enum status answer_encode(const struct answer *m, struct writer *w) MUST_USE;
