/* msg_device_beat: heartbeats of a device's link. Either side pings, the other one answers with
 * the same number. The mediator's carry its time, by which a device without a clock keeps up. */
#pragma once
#include "msg_device.h"

struct device_beat {
    bool pong;
    uint32_t number;
    uint64_t time; /* seconds since the epoch, 0 if the sender does not know */
};

enum status device_beat_decode(struct slice message, struct device_beat *out) MUST_USE;
enum status device_beat_encode(const struct device_beat *m, struct writer *w) MUST_USE;
