/* secret: bytes that are locked in memory, left out of core dumps, wiped on
 * release, never logged. */
#pragma once
#include "bytes.h"

enum {
    SECRET_LEN_MIN = 32, /* a shorter client secret can be guessed off line */
    SECRET_LEN_MAX = 512
};

struct secret;

/* Copies `bytes` into locked memory. ST_INVALID if shorter than SECRET_LEN_MIN,
 * ST_TOO_LARGE, ST_NO_MEMORY. */
enum status secret_new(struct slice bytes, struct secret **out) MUST_USE;

/* Reads a secret from a file; one trailing newline is not part of it.
 * ST_DENIED if group or others may read the file or it belongs to neither us
 * nor root, ST_NOT_FOUND, ST_IO, or as secret_new. */
enum status secret_read_file(const char *path, struct secret **out) MUST_USE;
/* The same from an open file of that size: the caller has seen who may use it. */
enum status secret_read_open(int fd, size_t size, struct secret **out) MUST_USE;
/* The same for a password that another system sets: of any length but 0. */
enum status secret_read_password(const char *path, struct secret **out) MUST_USE;
void secret_free(struct secret *s);

/* Borrowed until secret_free. */
struct slice secret_bytes(const struct secret *s);

/* Overwrites memory in a way the compiler may not drop. */
void secret_wipe(void *data, size_t len);

/* Equal in time that depends on the lengths only. */
bool secret_equal(struct slice a, struct slice b);
