/* check: /check: whether a request to an API, which a reverse proxy asks about before
 * it lets the request through, comes from an attested app. Answers 204 with what is
 * known of the app, 401 if it should attest or prove anew, 403.
 *
 *   /check?policy=NAME, /check/NAME, and /check/NAME/path for Envoy, by any method. */
#pragma once
#include "http_server.h"

void check_handle(struct http_exchange *ex, void *app);
