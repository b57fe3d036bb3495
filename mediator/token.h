/* token: POST /token: every grant, forwarded once it has passed the gate. */
#pragma once
#include "http_server.h"

/* A http_handler_fn: app is the struct worker, as for all handlers. */
void token_handle(struct http_exchange *ex, void *app);
