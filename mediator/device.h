/* device: one device that grants can be made for: what it may be granted, and the keys that it
 * shares with us (mode push) or that we encrypt to (mode sealed). */
#pragma once
#include "crypto_dh.h"
#include "json.h"
#include "jwt_verify.h"
#include "msg_device_hello.h"
#include "words.h"

enum device_mode { DEVICE_PUSH, DEVICE_SEALED, DEVICE_MODE_COUNT };
/* Seconds since the epoch: far beyond any key or grant, and exact in JSON. */
#define DEVICE_TIME_MAX INT64_C(9999999999)
extern const char *const DEVICE_MODES[DEVICE_MODE_COUNT]; /* "push", "sealed" */

enum {
    DEVICE_KEY_LEN = 32,
    DEVICE_KEYS_MAX = 4,
    DEVICE_LABEL_MAX = 128,
    DEVICE_SCOPE_MAX = 128,
    DEVICE_SCOPES_MAX = 32,
    DEVICE_LIFETIME_MAX = 30 * 86400, /* seconds */
    DEVICE_FILE_MAX = 16384           /* bytes of its description */
};

struct device_key {
    int64_t until; /* a former one: when it ends, in seconds; INT64_MAX: the current one */
    struct dh_public public;        /* sealed */
    uint8_t secret[DEVICE_KEY_LEN]; /* push */
    char kid[JWT_KID_MAX + 1];
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

/* An id that can be a file's name as well: of the unreserved characters (RFC 3986 §2.3), and not
 * hidden. */
bool device_name_ok(struct slice id);

/* One word of RFC 6749 §3.3. */
bool device_scope_ok(const char *text);

/* A public JWK to encrypt to. ST_INVALID, also if it holds a private member; ST_UNSUPPORTED. */
enum status device_public_read(const cJSON *jwk, struct dh_public *out) MUST_USE;

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
