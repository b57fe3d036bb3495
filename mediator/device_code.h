/* device_code: the device authorization grant (RFC 8628) belongs to one instance: a
 * device_code is remembered with the instance that asked for it, and nobody else polls
 * with it. */
#pragma once
#include "request.h"

/* A forward_fn: upstream's answer to a device authorization, handed on once it is
 * remembered whose it is. */
void device_code_answer(struct request *r, enum status st, const struct http_response *response);

/* POST /token with a device_code: forwards it (prepared already) for its owner. */
void device_code_redeem(struct request *r);
