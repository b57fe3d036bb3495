/* vouchsafe/grant.h: takes a grant on a device out of a mediator's token response, and talks to the
 * device with it.
 *
 *   vouchsafe_grant_form     asks for it: parameters of the token request
 *   vouchsafe_grant_*        what the mediator granted, and the possession key
 *   vouchsafe_grant_talk_*   one conversation with the device; no I/O inside
 *
 * Bytes in, bytes out: the app moves them over TCP, a serial line, Bluetooth or what there is. The
 * device takes a stream of bytes; messages may be cut at will. Datagrams do if they arrive whole,
 * once and in order: what is lost or thrown in between ends the conversation, and alters nothing.
 * Nobody who listens learns or can repeat anything (Noise_NNpsk0_25519_ChaChaPoly_SHA256, with the
 * possession key as psk and what the device is shown as prologue). No locks are inside. */
#ifndef VOUCHSAFE_GRANT_H
#define VOUCHSAFE_GRANT_H

#include "client.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    VOUCHSAFE_GRANT_KEY_LEN = 32,
    VOUCHSAFE_GRANT_ACTION_MAX = 64, /* one word of the scope */
    VOUCHSAFE_GRANT_BODY_MAX = 1024, /* of a command, and of an answer */
    VOUCHSAFE_GRANT_OUT_MAX = 2048   /* room for what one call appends */
};

/* --- to ask for a grant --- */

/* What a token request says about a device. Whether `key` is the app's own or the mediator's to
 * make, which is the default and what RFC 9201 recommends, is the app's choice. */
struct vouchsafe_grant_wish {
    const char *device; /* as a resource: "urn:vouchsafe:device:front-door" */
    /* If less than what the user grants would do; with NULL the next three are 0. */
    const char *scope;  /* words between single spaces */
    int64_t not_before; /* seconds since the epoch; 0: at once */
    int64_t expires;    /* 0: as long as it is granted */
    int once;           /* one successful command */
    const uint8_t *key; /* VOUCHSAFE_GRANT_KEY_LEN bytes, from vouchsafe_grant_key; or NULL */
};

/* A fresh key; keep it as long as the grant, and wipe it afterwards. */
VOUCHSAFE_API enum vouchsafe_error
vouchsafe_grant_key(uint8_t key[VOUCHSAFE_GRANT_KEY_LEN]) VOUCHSAFE_MUST_USE;

/* Appends `resource` (RFC 8707) or, with a scope, `authorization_details` (RFC 9396), and with a
 * key `req_cnf` (RFC 9201 §3.1): then the form is a secret. BAD_ARGUMENT if it does not fit, which
 * leaves the form as it was, or cannot work: an empty window, a scope that is none, a key that
 * nobody filled. */
VOUCHSAFE_API enum vouchsafe_error
vouchsafe_grant_form(char *form, size_t cap,
                     const struct vouchsafe_grant_wish *wish) VOUCHSAFE_MUST_USE;

/* --- what was granted --- */

struct vouchsafe_grant;

/* Reads a token response (status 200, JSON). `own_key` is the key that the request sent, or NULL if
 * the mediator made it. NO_GRANT if the answer says nothing of a device; BAD_ANSWER if what it says
 * is malformed, has no key, or one although the app sent its own; NO_MEMORY. `answer` holds the key
 * as well: wipe it. */
VOUCHSAFE_API enum vouchsafe_error
vouchsafe_grant_new(const char *answer, size_t len, const uint8_t *own_key,
                    struct vouchsafe_grant **out) VOUCHSAFE_MUST_USE;
/* Wipes the key. Conversations go on. */
VOUCHSAFE_API void vouchsafe_grant_free(struct vouchsafe_grant *grant);

struct vouchsafe_grant_info {
    const char *device; /* its id; all texts are good as long as the grant */
    const char *scope;  /* what the device will let happen */
    int64_t not_before, expires;
    int once;
    int waits;   /* the device sleeps, and gets the grant when it next dials in */
    int carried; /* the device is never connected, and is shown a token */
    /* What the device is shown in clear: that token, or the grant's id as the mediator logs it. */
    const char *shown;
};
/* All zeros of no grant. */
VOUCHSAFE_API void vouchsafe_grant_info(const struct vouchsafe_grant *grant,
                                        struct vouchsafe_grant_info *out);

/* --- to talk to the device --- */

/* Where bytes for the device are appended: len grows, at most to cap. A call that has no room for
 * what it has to say (VOUCHSAFE_GRANT_OUT_MAX is always enough) is a BAD_ARGUMENT and says nothing.
 */
struct vouchsafe_grant_out {
    uint8_t *data;
    size_t cap;
    size_t len;
};

enum vouchsafe_grant_what {
    VOUCHSAFE_GRANT_NOTHING, /* more bytes are needed */
    VOUCHSAFE_GRANT_OPENED,  /* it is the device, and knows the grant: ask */
    VOUCHSAFE_GRANT_ANSWER   /* to the command that was asked */
};

enum vouchsafe_grant_code {
    VOUCHSAFE_GRANT_DONE = 0,
    VOUCHSAFE_GRANT_MORE = 1,    /* further answers to the same command follow */
    VOUCHSAFE_GRANT_DENIED = 2,  /* the grant does not cover it: not that, not yet or no more */
    VOUCHSAFE_GRANT_FAILED = 3,  /* the device tried and could not */
    VOUCHSAFE_GRANT_UNKNOWN = 4, /* there is no such action */
    VOUCHSAFE_GRANT_BUSY = 5     /* try again later */
};

struct vouchsafe_grant_event {
    enum vouchsafe_grant_what what;
    enum vouchsafe_grant_code code; /* of an answer */
    const uint8_t *body; /* of an answer; good until the next call with this conversation */
    size_t body_len;
};

struct vouchsafe_grant_talk;

/* Appends what opens a conversation, over a connection of its own. The key is for this conversation
 * as well as for others. BAD_ARGUMENT, NO_MEMORY. */
VOUCHSAFE_API enum vouchsafe_error
vouchsafe_grant_talk_new(const struct vouchsafe_grant *grant, struct vouchsafe_grant_out *out,
                         struct vouchsafe_grant_talk **talk) VOUCHSAFE_MUST_USE;

/* Takes up to one message of the device from the front of in[len]; *used says how many bytes that
 * were. Call again while bytes are left. NOT_DEVICE: whoever is there has not the key, or somebody
 * altered, repeated or left out a message; BAD_ANSWER: the device does not keep to the protocol.
 * After any error the conversation is over (ENDED): hang up. A command without an answer may have
 * been carried out. */
VOUCHSAFE_API enum vouchsafe_error
vouchsafe_grant_talk_take(struct vouchsafe_grant_talk *talk, const uint8_t *in, size_t len,
                          size_t *used, struct vouchsafe_grant_event *event) VOUCHSAFE_MUST_USE;

/* Appends a command: one word of the scope, and what the action takes, which may be NULL with 0.
 * One at a time, once the conversation is open: BAD_ARGUMENT before, while an answer is awaited,
 * for an action that is no word of a scope, and past a limit; then nothing is sent and all goes on.
 * ENDED. */
VOUCHSAFE_API enum vouchsafe_error
vouchsafe_grant_talk_ask(struct vouchsafe_grant_talk *talk, const char *action, const uint8_t *body,
                         size_t len, struct vouchsafe_grant_out *out) VOUCHSAFE_MUST_USE;

/* Wipes its keys. */
VOUCHSAFE_API void vouchsafe_grant_talk_free(struct vouchsafe_grant_talk *talk);

#ifdef __cplusplus
}
#endif
#endif
