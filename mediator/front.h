/* front: the endpoints, below the prefix of each upstream. What a path means is
 * configuration, so it is found here and not in the daemon's table of routes. */
#pragma once
#include "http_server.h"

/* The paths of the endpoints, below a prefix: a daemon_spec's. */
enum { FRONT_COUNT = 9 };
const char *front_path(size_t i);

/* A http_handler_fn for every path: app is the struct worker. Unknown paths get 404, and
 * known ones with another method 405. */
void front_handle(struct http_exchange *ex, void *app);
