/* recorder: lines appended to a file that nobody else may read and that does not grow past a bound:
 * when it is full it becomes FILE.1, in the place of the one before. */
#pragma once
#include "bytes.h"

struct recorder;

/* Checks that a file there is ours alone, and opens none yet. ST_DENIED, ST_NOT_FOUND (no such
 * folder), ST_NO_MEMORY. */
enum status recorder_new(const char *path, uint64_t max_bytes, struct recorder **out, char *why,
                         size_t why_cap) MUST_USE;
/* Counted: the last one to drop it closes the file. */
struct recorder *recorder_hold(struct recorder *r);
void recorder_drop(struct recorder *r);

/* Safe across threads. ST_IO: the line is lost, as a whole (full disk); ST_TOO_LARGE. */
enum status recorder_write(struct recorder *r, struct slice line) MUST_USE;
