/* rights: what the app of one session may do, and how that was found out: from the table of grants
 * or from a device token. */
#pragma once
#include "device.h"
#include "msg_command.h"

struct rights {
    bool from_token;
    bool once;
    bool over;    /* of a token for once that was used */
    bool claimed; /* this session carries out the one command */
    uint16_t scope_len;
    uint8_t id[GRANT_ID_LEN]; /* of the grant, or a hash of the token's jti */
    int64_t not_before;
    int64_t expires;
    uint8_t scope[GRANT_SCOPE_MAX];
};

/* Finds what the app says it has; `key` is what it must hold then: wipe it. ST_NOT_FOUND,
 * ST_EXPIRED, ST_EXISTS, or as device_token_verify and jwe_decrypt_with. */
enum status rights_of_grant(struct vouchsafe_device *d, struct slice id, struct rights *out,
                            uint8_t key[static OCT_KEY_LEN]) MUST_USE;
enum status rights_of_token(struct vouchsafe_device *d, struct slice token, struct rights *out,
                            uint8_t key[static OCT_KEY_LEN]) MUST_USE;

/* The app has shown that it holds the key: a token is spent now. ST_EXISTS, ST_BUSY. */
enum status rights_confirm(struct vouchsafe_device *d, const struct rights *r) MUST_USE;

/* Whether it may do this now: ANSWER_DONE, ANSWER_DENIED or ANSWER_BUSY. What is for once is
 * claimed by ANSWER_DONE. */
enum answer_code rights_ask(struct vouchsafe_device *d, struct rights *r, struct slice action);
/* How the command ended: what is for once is over if it was carried out, or may have been. */
void rights_settle(struct vouchsafe_device *d, struct rights *r, bool may_have_happened);
