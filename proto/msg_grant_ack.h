/* msg_grant_ack: what a device did with a grant that was pushed or revoked. The app gets its token
 * after GRANT_TAKEN alone. */
#pragma once
#include "msg_device.h"
#include "msg_device_hello.h"

enum grant_result {
    GRANT_TAKEN = 1,   /* also if it was there already */
    GRANT_NO_ROOM = 2, /* the table is full of grants that have not expired */
    GRANT_LATE = 3,    /* it has expired */
    GRANT_REFUSED = 4, /* malformed, or another one is there under this id */
    GRANT_REVOKED = 5  /* it is gone, or was never there */
};

struct grant_ack {
    uint8_t id[GRANT_ID_LEN];
    enum grant_result result;
};

enum status grant_ack_decode(struct slice message, struct grant_ack *out) MUST_USE;
enum status grant_ack_encode(const struct grant_ack *m, struct writer *w) MUST_USE;
