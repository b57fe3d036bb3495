/* authorize: GET /authorize: a browser cannot carry an integrity token, so all it
 * can do is open a request that an attested app has pushed before. */
#pragma once
#include "request.h"

void authorize_handle(struct request *r);

/* The address that the browser is sent to. Nothing of what the browser brought
 * is in it, but the request_uri that was looked up. */
void authorize_location(struct slice endpoint, const struct pushed *p, struct slice request_uri,
                        struct writer *w);
