/* route_attestations: POST /v1/attestations. */
#pragma once
#include "http_server.h"

/* app is the struct worker. */
void route_attestations(struct http_exchange *ex, void *app);
