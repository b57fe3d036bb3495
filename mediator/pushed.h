/* pushed: authorization requests that came through an attested /par, by their
 * request_uri. One may be opened again until it expires, because a browser may
 * load a page twice; only upstream knows what became of it. */
#pragma once
#include "store.h"

enum { PUSHED_QUERY_MAX = 8192, PUSHED_URI_MAX = 512 };
#define PUSHED_URI_PREFIX "urn:ietf:params:oauth:request_uri:"

struct pushed {
    bool at_upstream; /* the request_uri is upstream's own */
    struct slice client_id;
    struct slice query; /* otherwise: the parameters */
};

/* What the store keeps. ST_TOO_LARGE. */
enum status pushed_encode(const struct pushed *p, struct writer *w) MUST_USE;
/* Borrows from value. ST_INVALID. */
enum status pushed_decode(struct slice value, struct pushed *out) MUST_USE;
struct store_key pushed_key(struct slice request_uri);
