/* plain: the few system calls that attesters read /proc with, made without libc: a library that
 * takes the place of open or read there is not asked. */
#pragma once
#include <sys/types.h>

#include "bytes.h"

/* One system call; a negative errno where it fails. By machine, in a folder of its own. */
long plain_call(long number, long a, long b, long c, long d);

/* For reading; negative if it fails. */
int plain_open(const char *path);
void plain_close(int fd);

/* What one call reads: 0 at the end, negative if it fails. */
ssize_t plain_read(int fd, void *out, size_t len);
/* Reads until `len` or the end; -1 if it fails. */
ssize_t plain_pread(int fd, void *out, size_t len, uint64_t from);

/* The beginning of a file, as much as fits: ST_IO, or ST_NOT_FOUND if it cannot be opened. */
enum status plain_read_file(const char *path, void *out, size_t cap, size_t *len) MUST_USE;
