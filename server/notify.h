/* notify: tells systemd what state the daemon is in (sd_notify(3)). */
#pragma once

/* Sends text, such as "READY=1", to $NOTIFY_SOCKET. Without one, or without
 * anybody there, nothing happens: the daemon does not depend on it. */
void notify_send(const char *text);
/* "RELOADING=1" with the time that goes with it. */
void notify_reloading(void);
