/* http_date: the three forms of a date in HTTP (RFC 9110 §5.6.7). */
#pragma once
#include "bytes.h"

/* Seconds since the epoch. `now`, in the same unit, tells which century a year of two digits
 * means. ST_INVALID for what is none of the forms; the day's name is not compared. */
enum status http_date_read(struct slice text, int64_t now, int64_t *out) MUST_USE;
