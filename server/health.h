/* health: GET /healthz, the process answers, and GET /readyz, it can serve: the
 * store, without which nothing passes, is there for every worker. Rows of every daemon. */
#pragma once
#include "http_server.h"

void health_handle(struct http_exchange *ex, void *app);
void ready_handle(struct http_exchange *ex, void *app);
