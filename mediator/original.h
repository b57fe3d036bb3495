/* original: the request that a reverse proxy asks /check about, as that proxy
 * describes it. Each proxy has its own way, and hands on what it does not set
 * itself: so only the one that is configured is looked at. */
#pragma once
#include "http1.h"

enum { ORIGINAL_METHOD_MAX = 32, ORIGINAL_TARGET_MAX = 8192 };

struct original {
    struct slice method;
    struct slice path; /* without query */
};

/* Where it is said; a new way is one row. */
struct original_source {
    const char *name;                          /* of a check's `original` */
    const char *method_header, *target_header; /* NULL: the request to /check itself */
};

/* NULL if there is none of that name. */
const struct original_source *original_find(const char *name);

/* `rest` is what follows /check/NAME in our own path. ST_NOT_FOUND if it is not said
 * exactly once, ST_INVALID if it is malformed. Borrows from head. */
enum status original_read(const struct original_source *source, const struct http1_head *head,
                          struct slice rest, struct original *out) MUST_USE;
