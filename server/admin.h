/* admin: /metrics, /healthz and /readyz for whoever runs the daemon, on addresses of their own
 * and on the main thread's loop, so that a worker that hangs keeps nobody from seeing it. */
#pragma once
#include "config.h"
#include "daemon_metrics.h"
#include "readiness.h"

struct admin_options {
    const char *const *where; /* as in listener_open */
    size_t count;
    const char *daemon; /* its name */
    const struct http_server_limits *limits;
    struct metrics *metrics;
    const struct readiness *readiness;
    struct log *log;
};

struct admin;
/* Opens the addresses. ST_INVALID or ST_IO, and `why` names the address. All is borrowed. */
enum status admin_new(const struct admin_options *options, struct admin **out, char *why,
                      size_t why_cap) MUST_USE;
/* Serves on this loop; a line "admin listening" for each address. */
enum status admin_serve(struct admin *a, struct event_base *base) MUST_USE;
void admin_free(struct admin *a);
