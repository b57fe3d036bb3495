/* grant: a grant on a device as a token response has it (mediator/device_reply.h), kept with its
 * key. */
#pragma once
#include "msg_grant.h"
#include "vouchsafe/grant.h"

struct vouchsafe_grant {
    char device[DEVICE_ID_MAX + 1];
    char scope[GRANT_SCOPE_MAX + 1];
    int64_t not_before, expires;
    bool once, waits;
    enum device_hello_kind kind;      /* which of grant id and token is shown to the device */
    char shown[DEVICE_TOKEN_MAX + 1]; /* as text: the id in base64url */
    uint8_t id[GRANT_ID_LEN];
    uint8_t key[OCT_KEY_LEN];
};

/* One byte over and over is a key that somebody forgot to fill. */
bool grant_key_ok(const uint8_t key[static OCT_KEY_LEN]);

/* The value of the hello, and the handshake's prologue. */
struct slice grant_shown(const struct vouchsafe_grant *g);
