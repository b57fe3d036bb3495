/* record: the small texts that attestctl and mediatorctl write and keep (app.conf, build.conf,
 * keyring.conf), read in place and strictly:
 *   key = "text"    key = 12    key = { "text", "text" }    key "title" { key = "text" }
 * In quotes \ stands before " and \ and $; a word of letters, digits and -_.: needs none. # begins
 * a comment. Nobody but libconfuse takes more than that, and thousands are read at once. */
#pragma once
#include "bytes.h"

enum { RECORD_LEN_MAX = 16384, RECORD_KEYS_MAX = 32, RECORD_INNER_MAX = 2 };

enum record_sort {
    RECORD_TEXT,
    RECORD_NUMBER, /* decimal, not negative */
    RECORD_TEXTS,
    RECORD_SECTION /* may come several times */
};

/* A row of a table that one without a name ends: RECORD_KEYS_MAX at most. */
struct record_key {
    const char *name;
    enum record_sort sort;
    const struct record_key *inner; /* a section's: texts and numbers, RECORD_INNER_MAX at most */
};

struct record_value {
    const char *text; /* NULL: it does not stand there */
    int64_t number;
};

/* One statement, or one text of a list. It lies in the record's room. */
struct record_item {
    size_t key; /* its place in the table */
    const char *title;
    struct record_value value;
    struct record_value inner[RECORD_INNER_MAX]; /* a section's, by their place in its table */
};

struct record_text {
    size_t len;
    char bytes[RECORD_LEN_MAX + 1];
};

/* Reads the file of that size. ST_TOO_LARGE, ST_IO, ST_INVALID if it holds a NUL; `why` names it by
 * `path`. */
enum status record_load(int fd, size_t size, const char *path, struct record_text *out, char *why,
                        size_t why_cap) MUST_USE;

/* Calls fn for what stands there, in its order, until one call fails. What is wrong, fn's `why`
 * too, comes out as "PATH:LINE: ...": ST_INVALID for what is no record by these keys, among them a
 * key that comes twice; or what fn returned. */
typedef enum status record_fn(void *arg, const struct record_item *item, char *why, size_t why_cap);
enum status record_parse(struct record_text *text, const char *path, const struct record_key *keys,
                         record_fn *fn, void *arg, char *why, size_t why_cap) MUST_USE;
