/* msg_grant_revoke: the mediator takes a grant back; the device answers with msg_grant_ack. */
#pragma once
#include "msg_device.h"
#include "msg_device_hello.h"

struct grant_revoke {
    uint8_t id[GRANT_ID_LEN];
};

enum status grant_revoke_decode(struct slice message, struct grant_revoke *out) MUST_USE;
enum status grant_revoke_encode(const struct grant_revoke *m, struct writer *w) MUST_USE;
