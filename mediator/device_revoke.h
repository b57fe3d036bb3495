/* device_revoke: upstream is told that what it granted is not wanted (RFC 7009), when a device
 * could not be given its part. */
#pragma once
#include "device_courier.h"
#include "device_terms.h"
#include "request.h"

enum { REVOCATIONS_MAX = 2 };

/* What a request for a device holds; see device_request. */
struct device_request {
    struct device_wish wish;
    struct device_terms terms;
    uint8_t key[OCT_KEY_LEN];
    uint8_t grant_id[GRANT_ID_LEN];
    uint8_t grant[DEVICE_LINK_MESSAGE_MAX]; /* encoded, while it is delivered */
    struct delivery delivery;
    request_step_fn *next;

    struct verdict verdict; /* how the request ends once all is revoked */
    size_t revoked;         /* of tokens below */
    size_t token_count;
    struct {
        const char *hint;
        struct slice token;
    } tokens[REVOCATIONS_MAX];
};

/* Revokes the tokens of r->answer, the refresh token first, and ends the request with v. What
 * cannot be revoked is logged: nobody has it but upstream and we. */
void device_revoke(struct request *r, struct verdict v);
