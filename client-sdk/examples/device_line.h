/* device_line: an app's way to a device: TCP on this machine, or a serial line; blocking. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "vouchsafe/grant.h"

/* "tcp:9100" or "line:/dev/ttyS0"; -1 after a failure. */
int device_line_open(const char *where);

/* Everything, or false. */
bool device_line_send(int fd, const struct vouchsafe_grant_out *out);

/* The number of bytes read, or 0: the device has hung up or is silent. */
size_t device_line_read(int fd, uint8_t *out, size_t cap);
