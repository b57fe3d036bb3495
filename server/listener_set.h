/* listener_set: the listening sockets of a daemon, one of each for every worker:
 * those of its configuration, or those that systemd hands over. */
#pragma once
#include <stddef.h>

#include "log.h"
#include "proxy_header.h"

struct listener_set;

/* ST_INVALID or ST_IO, and `why` names the address; ST_INVALID also if there is
 * nothing to listen on. */
enum status listener_set_open(const char *const *where, size_t count, size_t workers,
                              struct listener_set **out, char *why, size_t why_cap) MUST_USE;
/* Those of the admin setting, for one thread: never systemd's. */
enum status listener_set_open_admin(const char *const *where, size_t count,
                                    struct listener_set **out, char *why, size_t why_cap) MUST_USE;
/* What connections to the i-th socket begin with. */
enum proxy_mode listener_set_proxy(const struct listener_set *set, size_t i);
size_t listener_set_count(const struct listener_set *set);
/* The i-th socket of a worker, the caller's from here on. */
int listener_set_take(struct listener_set *set, size_t worker, size_t i);
/* A line of that event for each, with the address as it turned out to be. */
void listener_set_log(const struct listener_set *set, struct log *log, const char *event);
/* Closes what no worker has taken. */
void listener_set_free(struct listener_set *set);
