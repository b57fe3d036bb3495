/* listener: listening sockets from texts like "127.0.0.1:8101", "[::1]:0" or
 * "unix:/run/vouchsafe/attestd.sock", and what their connections begin with where a
 * word follows, as in "127.0.0.1:8101 proxy_v2". */
#pragma once
#include <stdint.h>

#include "proxy_header.h"

/* The text without its word, and what the word says. */
struct slice listener_address(const char *where);
enum proxy_mode listener_proxy(const char *where);

/* Non-blocking, close-on-exec. TCP: SO_REUSEPORT, so every worker opens its
 * own; Unix sockets are opened once (a stale one is replaced, mode 0660) and
 * shared with dup. *why is a constant text on failure. */
enum status listener_open(const char *where, int *fd, const char **why) MUST_USE;
/* Whether listener_open would understand the text; opens nothing. */
enum status listener_check(const char *where, const char **why) MUST_USE;

/* The port that a TCP listener got, 0 for Unix sockets. */
uint16_t listener_port(int fd);
