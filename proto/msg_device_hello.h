/* msg_device_hello: the first message of a channel, in clear: which key the handshake that follows
 * is under. Its value is that handshake's prologue. */
#pragma once
#include "bytes.h"

enum {
    DEVICE_PROTOCOL = 1,
    DEVICE_ID_MAX = 64,
    GRANT_ID_LEN = 16,
    DEVICE_TOKEN_MAX = 1536,
    DEVICE_HELLO_MAX = 2 + DEVICE_TOKEN_MAX
};

enum device_hello_kind {
    DEVICE_HELLO_LINK = 1,  /* device to mediator: device id */
    DEVICE_HELLO_GRANT = 2, /* app to device: grant id, GRANT_ID_LEN bytes */
    DEVICE_HELLO_TOKEN = 3  /* app to device: device token */
};

struct device_hello {
    enum device_hello_kind kind;
    struct slice value; /* borrowed */
};

/* version ‖ kind ‖ value. ST_UNSUPPORTED for another version or kind, ST_INVALID for a value of an
 * impossible length or a device id that is none. */
enum status device_hello_decode(struct slice message, struct device_hello *out) MUST_USE;
enum status device_hello_encode(const struct device_hello *m, struct writer *w) MUST_USE;

/* 1 to DEVICE_ID_MAX of the unreserved characters of RFC 3986, ':' and '/': a device is an
 * audience, and audiences are often URIs. */
bool device_id_ok(struct slice id);
