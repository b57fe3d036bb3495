/* par: POST /par (RFC 9126): upstream's, or our own where upstream has none. */
#pragma once
#include "http_server.h"

void par_handle(struct http_exchange *ex, void *app);
