/* vouchsafe/device.h: lets a door lock or a medical device check what an app may do, with no TLS
 * and, if need be, no internet. Bytes in, bytes out: the device moves them over TCP, a serial line
 * or what it has, and one at a time calls what is below (no locks are inside).
 *
 *   vouchsafe_device           what is known: grants, keys, time; in memory that is handed in
 *   vouchsafe_device_link      the line to the mediator, which pushes grants (online devices)
 *   vouchsafe_device_session   one app that has a grant or a device token
 *
 * Nothing is allocated. P-256 in BoringSSL allocates: see vouchsafe/device_arena.h. */
#ifndef VOUCHSAFE_DEVICE_H
#define VOUCHSAFE_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef VOUCHSAFE_API
#if defined(__GNUC__)
#define VOUCHSAFE_API      __attribute__((visibility("default")))
#define VOUCHSAFE_MUST_USE __attribute__((warn_unused_result))
#else
#define VOUCHSAFE_API
#define VOUCHSAFE_MUST_USE
#endif
#endif

enum vouchsafe_device_status {
    VOUCHSAFE_DEVICE_OK = 0,
    VOUCHSAFE_DEVICE_BAD_ARGUMENT, /* cannot work, or not now */
    VOUCHSAFE_DEVICE_MALFORMED,    /* what came is not what the protocol allows */
    VOUCHSAFE_DEVICE_TOO_LARGE,
    VOUCHSAFE_DEVICE_UNSUPPORTED, /* another version, kind or algorithm */
    VOUCHSAFE_DEVICE_DENIED,      /* a key, a signature or a record that does not hold */
    VOUCHSAFE_DEVICE_EXPIRED,     /* too late or too early */
    VOUCHSAFE_DEVICE_UNKNOWN,   /* no such grant; a token of another issuer or for another device */
    VOUCHSAFE_DEVICE_REPLAYED,  /* a token that has opened a session before */
    VOUCHSAFE_DEVICE_FULL,      /* no room for another grant or spent token */
    VOUCHSAFE_DEVICE_NO_RANDOM, /* the random source failed */
    VOUCHSAFE_DEVICE_BUSY,      /* a command waits for its answer first */
    VOUCHSAFE_DEVICE_CLOSED,    /* the session or link has ended before */
    VOUCHSAFE_DEVICE_FAILED     /* memory for P-256 ran out, or a bug */
};
/* A constant sentence in English. */
VOUCHSAFE_API const char *vouchsafe_device_text(enum vouchsafe_device_status status);

enum {
    VOUCHSAFE_DEVICE_KEY_LEN = 32,
    VOUCHSAFE_DEVICE_GRANT_ID_LEN = 16,
    VOUCHSAFE_DEVICE_SESSION_LEN = 2048, /* bytes of RAM that an app's session takes */
    VOUCHSAFE_DEVICE_LINK_LEN = 1024,
    VOUCHSAFE_DEVICE_OUT_MAX = 1280,    /* room for what one call may append to `out` */
    VOUCHSAFE_DEVICE_ANSWER_MAX = 1024, /* bytes of an answer's body */
    VOUCHSAFE_DEVICE_SIGNERS_MAX = 4,
    VOUCHSAFE_DEVICE_UNSEALERS_MAX = 2
};

/* --- the device --- */

struct vouchsafe_device;

struct vouchsafe_device_config {
    const char *id;     /* the audience of its tokens and its name at the mediator; borrowed */
    uint32_t grants;    /* that can be held at once; used ones keep their place until they expire */
    uint32_t spent;     /* device tokens that are remembered until they expire */
    const char *issuer; /* of device tokens (the mediator's), or NULL; borrowed */
    int64_t max_lifetime; /* of device tokens, seconds; 0: 86400 */
    int64_t skew;         /* seconds by which `clock` may be wrong; 0: 60 */

    /* The key shared with the mediator, VOUCHSAFE_DEVICE_KEY_LEN bytes; copied; NULL if there is no
     * link. */
    const uint8_t *link_key;

    /* Time, in seconds. A clock that may be trusted (since the epoch; 0: not set now), or a counter
     * since the start, both, or neither. Without a clock the highest time that the mediator has
     * told, in tokens or over the link, is the floor of time, and the counter moves it on. */
    int64_t (*clock)(void *arg);
    uint32_t (*uptime)(void *arg);
    /* The floor that was stored, or 0; and stores it. Called before what moved the floor is acted
     * upon. After a start, tokens from before the stored floor open nothing: they may have been
     * spent. */
    int64_t floor;
    void (*store_floor)(void *arg, int64_t floor);

    /* Fills out[len] with random bytes and returns 0; NULL: the system's. */
    int (*random)(void *arg, uint8_t *out, size_t len);
    void *arg; /* of all these */
};

/* Bytes of memory that a device with these tables takes. */
VOUCHSAFE_API size_t vouchsafe_device_size(uint32_t grants, uint32_t spent);

/* Lives in memory[len], aligned for any type, until _end, which wipes it. BAD_ARGUMENT. */
VOUCHSAFE_API VOUCHSAFE_MUST_USE enum vouchsafe_device_status
vouchsafe_device_init(void *memory, size_t len, const struct vouchsafe_device_config *config,
                      struct vouchsafe_device **out);
VOUCHSAFE_API void vouchsafe_device_end(struct vouchsafe_device *device);

/* Adds a public key (JWK: EC P-256 or OKP Ed25519) whose signatures on device tokens are believed.
 * One with the same kid is replaced. FULL, MALFORMED, UNSUPPORTED. */
VOUCHSAFE_API VOUCHSAFE_MUST_USE enum vouchsafe_device_status
vouchsafe_device_trust(struct vouchsafe_device *device, const char *jwk, size_t len);
/* UNKNOWN if there is none with that kid. */
VOUCHSAFE_API VOUCHSAFE_MUST_USE enum vouchsafe_device_status
vouchsafe_device_distrust(struct vouchsafe_device *device, const char *kid);

/* Adds the private key (JWK: EC P-256 or OKP X25519) for what is sealed to this device. The oldest
 * makes room: the one before still opens tokens that are on their way. */
VOUCHSAFE_API VOUCHSAFE_MUST_USE enum vouchsafe_device_status
vouchsafe_device_unsealer(struct vouchsafe_device *device, const char *jwk, size_t len);

/* The key for the link as a file has it: base64url of its bytes, or a JWK of type oct. */
VOUCHSAFE_API VOUCHSAFE_MUST_USE enum vouchsafe_device_status
vouchsafe_device_key(const char *text, size_t len, uint8_t key[VOUCHSAFE_DEVICE_KEY_LEN]);

/* What the time is at least, seconds since the epoch; 0 if nothing is known. */
VOUCHSAFE_API int64_t vouchsafe_device_time(const struct vouchsafe_device *device);

/* --- bytes and events --- */

/* Where bytes to be sent are appended: len grows, at most to cap. Send them even if a call fails.
 */
struct vouchsafe_device_out {
    uint8_t *data;
    size_t cap;
    size_t len;
};

enum vouchsafe_device_what {
    VOUCHSAFE_DEVICE_NOTHING, /* more bytes are needed */
    VOUCHSAFE_DEVICE_OPENED,  /* the link or the session stands */
    VOUCHSAFE_DEVICE_COMMAND, /* of a session: carry it out, then answer */
    VOUCHSAFE_DEVICE_REFUSED, /* of a session: a command that was refused and answered */
    VOUCHSAFE_DEVICE_GRANTED, /* of the link: a grant came; `status` says whether it was taken */
    VOUCHSAFE_DEVICE_REVOKED, /* of the link: a grant is gone */
    VOUCHSAFE_DEVICE_BEAT     /* of the link: the mediator is there */
};

/* What a call found. Pointers are good until the next call with the same session or link. */
struct vouchsafe_device_event {
    enum vouchsafe_device_what what;
    enum vouchsafe_device_status status; /* why it was refused or not taken */
    const char *action;                  /* one word of the scope; not NUL-terminated */
    size_t action_len;
    const uint8_t *body;
    size_t body_len;
    uint8_t grant[VOUCHSAFE_DEVICE_GRANT_ID_LEN]; /* its id; of a token: a hash of its jti */
};

/* --- an app's session --- */

struct vouchsafe_device_session {
    uint64_t opaque[VOUCHSAFE_DEVICE_SESSION_LEN / 8];
};

/* For an app that has just connected. */
VOUCHSAFE_API void vouchsafe_device_session_begin(struct vouchsafe_device_session *session,
                                                  struct vouchsafe_device *device);

/* Takes up to one message from the front of in[len]; *used says how many bytes that were. Call
 * again while bytes are left. Anything but OK and BUSY ends the session: send what is in `out`,
 * close, and call _end. */
VOUCHSAFE_API VOUCHSAFE_MUST_USE enum vouchsafe_device_status
vouchsafe_device_session_take(struct vouchsafe_device_session *session, const uint8_t *in,
                              size_t len, size_t *used, struct vouchsafe_device_out *out,
                              struct vouchsafe_device_event *event);

enum vouchsafe_device_answer {
    VOUCHSAFE_DEVICE_DONE,     /* carried out; ends a grant that is for once */
    VOUCHSAFE_DEVICE_MORE,     /* further answers to the same command follow */
    VOUCHSAFE_DEVICE_NOT_DONE, /* tried, could not */
    VOUCHSAFE_DEVICE_NO_SUCH   /* there is no such action */
};

/* Answers the command that waits. BAD_ARGUMENT if none does or the body is too long: then nothing
 * is sent; otherwise as _take. */
VOUCHSAFE_API VOUCHSAFE_MUST_USE enum vouchsafe_device_status
vouchsafe_device_session_answer(struct vouchsafe_device_session *session,
                                enum vouchsafe_device_answer answer, const uint8_t *body,
                                size_t len, struct vouchsafe_device_out *out);

/* Wipes it. A grant for once whose command was not answered counts as used. */
VOUCHSAFE_API void vouchsafe_device_session_end(struct vouchsafe_device_session *session);

/* --- the link to the mediator --- */

struct vouchsafe_device_link {
    uint64_t opaque[VOUCHSAFE_DEVICE_LINK_LEN / 8];
};

/* After connecting to the mediator. BAD_ARGUMENT without a link key, NO_RANDOM. */
VOUCHSAFE_API VOUCHSAFE_MUST_USE enum vouchsafe_device_status
vouchsafe_device_link_begin(struct vouchsafe_device_link *link, struct vouchsafe_device *device,
                            struct vouchsafe_device_out *out);

/* As vouchsafe_device_session_take. */
VOUCHSAFE_API VOUCHSAFE_MUST_USE enum vouchsafe_device_status
vouchsafe_device_link_take(struct vouchsafe_device_link *link, const uint8_t *in, size_t len,
                           size_t *used, struct vouchsafe_device_out *out,
                           struct vouchsafe_device_event *event);

/* A heartbeat, which the mediator answers (BEAT): dial again if it does not. */
VOUCHSAFE_API VOUCHSAFE_MUST_USE enum vouchsafe_device_status
vouchsafe_device_link_ping(struct vouchsafe_device_link *link, struct vouchsafe_device_out *out);
VOUCHSAFE_API void vouchsafe_device_link_end(struct vouchsafe_device_link *link);

#ifdef __cplusplus
}
#endif
#endif
