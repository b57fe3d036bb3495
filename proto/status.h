/* status: what kind of failure a call ended with. The log says why. */
#pragma once

#define MUST_USE __attribute__((warn_unused_result))

enum status {
    ST_OK = 0,
    ST_INVALID,     /* malformed input: not what the grammar allows          */
    ST_TOO_LARGE,   /* over a configured limit                               */
    ST_UNSUPPORTED, /* well formed, but an algorithm, type or kind not taken */
    ST_DENIED,      /* well formed and checked, and the check said no        */
    ST_EXPIRED,     /* was right once: too old, or not yet valid             */
    ST_NOT_FOUND,   /* unknown, expired or consumed: never told apart        */
    ST_EXISTS,      /* somebody was first                                    */
    ST_BUSY,        /* a bounded resource is full: try again later           */
    ST_UNAVAILABLE, /* a part that is needed (store, upstream) does not answer;
                       nothing was done there                                */
    ST_LOST,        /* sent, but no answer came: it may have been done       */
    ST_TIMEOUT,     /* a deadline passed                                     */
    ST_NO_MEMORY,
    ST_IO,       /* a system call failed; errno was logged                */
    ST_INTERNAL, /* a bug of ours                                         */
    ST_COUNT
};

/* A short stable word for logs and tests, such as "denied". */
const char *status_name(enum status st);
