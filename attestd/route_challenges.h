/* route_challenges: POST /v1/challenges. */
#pragma once
#include "http_server.h"

/* app is the struct worker. */
void route_challenges(struct http_exchange *ex, void *app);
