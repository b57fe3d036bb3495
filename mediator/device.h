/* device: one device that grants can be made for: what it may be granted, and the keys that it
 * shares with us (mode push) or that we encrypt to (mode sealed). */
#pragma once
#include "jwk.h"
#include "jwt_verify.h"
#include "words.h"

enum device_mode { DEVICE_PUSH, DEVICE_SEALED, DEVICE_MODE_COUNT };
/* Seconds since the epoch: far beyond any key or grant, and exact in JSON. */
#define DEVICE_TIME_MAX INT64_C(9999999999)
extern const char *const DEVICE_MODES[DEVICE_MODE_COUNT]; /* "push", "sealed" */

enum {
    DEVICE_ID_MAX = 64,
    DEVICE_KEY_LEN = 32,
    DEVICE_KEYS_MAX = 4,
    DEVICE_LABEL_MAX = 128,
    DEVICE_SCOPE_MAX = 128,
    DEVICE_SCOPES_MAX = 32,
    DEVICE_LIFETIME_MAX = 30 * 86400, /* seconds */
    DEVICE_FILE_MAX = 16384           /* bytes of its description */
};

/* ECDH-ES to P-256 or X25519 (RFC 7518 §4.6, RFC 8037 §3.2). */
struct device_public {
    bool x25519;
    uint8_t x[KEY_COORD_LEN];
    uint8_t y[KEY_COORD_LEN]; /* P-256 alone */
};

struct device_key {
    char kid[JWT_KID_MAX + 1];
    int64_t until; /* a former one: when it ends, in seconds; INT64_MAX: the current one */
    uint8_t secret[DEVICE_KEY_LEN]; /* push */
    struct device_public public;    /* sealed */
};

struct device {
    char id[DEVICE_ID_MAX + 1];
    char label[DEVICE_LABEL_MAX + 1];
    enum device_mode mode;
    bool revoked;
    bool once;            /* a grant is for one command */
    bool queue;           /* asleep, it gets its grants when it next dials in */
    int64_t max_lifetime; /* of a grant, in seconds; 0: the mediator's own limit */
    struct words scopes;  /* what it can be granted; empty: whatever upstream grants */
    size_t key_count;
    struct device_key keys[DEVICE_KEYS_MAX]; /* the current one first */
};

/* Of the unreserved characters (RFC 3986 §2.3), and never "." or "..": it is a file's name. */
bool device_id_ok(struct slice id);

/* One word of RFC 6749 §3.3. */
bool device_scope_ok(const char *text);

/* A public JWK to encrypt to. ST_INVALID, also if it holds a private member; ST_UNSUPPORTED. */
enum status device_public_read(const cJSON *jwk, struct device_public *out) MUST_USE;

/* The description as it lies in a file. `id` is the file's. ST_INVALID, ST_UNSUPPORTED (the kind
 * of a key), ST_TOO_LARGE, ST_NO_MEMORY; then there is nothing to clear. Wipes the keys in text. */
enum status device_decode(const char *id, struct slice text, struct device *out) MUST_USE;
enum status device_encode(const struct device *d, struct writer *w) MUST_USE;
/* Wipes it. */
void device_clear(struct device *d);

/* Makes `key` the current one; the former verifies until `until`, and those past `now` are gone.
 * ST_BUSY if too many still verify. */
enum status device_rotate(struct device *d, const struct device_key *key, int64_t now,
                          int64_t until) MUST_USE;
