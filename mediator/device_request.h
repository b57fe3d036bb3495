/* device_request: a token request that names a device, from what it asks to the grant on the
 * device: the app gets its token when the device has the key, or, for one that is never connected,
 * with the key in a token for it. If that fails, upstream is told to revoke what it granted. */
#pragma once
#include "request.h"

/* Reads what the form says about a device and takes it out; goes on with `next`, be there a device
 * or none. Refuses before anything is spent if the device is none that this client may reach, or
 * sleeps and must not. */
void device_begin(struct request *r, request_step_fn *next);

/* A forward_fn: upstream's answer to a token request, with a device or without. */
void device_answer(struct request *r, enum status st, const struct http_response *response);

/* Wipes its keys. */
void device_request_clear(struct request *r);
