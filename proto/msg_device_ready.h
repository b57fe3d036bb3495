/* msg_device_ready: the first record of a device on its link. It proves that the device holds the
 * key now: the handshake's first message alone may be a replay, so no connection takes the place
 * of an older one before this has come. */
#pragma once
#include "msg_device.h"

struct device_ready {
    uint16_t capacity; /* grants that it can hold */
    uint16_t held;     /* that it holds */
    uint64_t time;     /* seconds since the epoch as it knows them, 0 if it does not */
};

/* ST_INVALID for another length or more held than can be. */
enum status device_ready_decode(struct slice message, struct device_ready *out) MUST_USE;
enum status device_ready_encode(const struct device_ready *m, struct writer *w) MUST_USE;
