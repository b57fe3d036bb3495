/* proxy_header: who a connection comes from, as the proxy in front of us says in its first
 * bytes: the PROXY protocol, versions 1 and 2 (HAProxy's proxy-protocol.txt). */
#pragma once
#include "forwarded.h"

/* What the connections of a listener begin with. */
enum proxy_mode {
    PROXY_NONE, /* HTTP: a header is a malformed request */
    PROXY_V2,
    PROXY_ANY, /* either version */
};

/* "proxy_v2" or "proxy"; ST_NOT_FOUND. */
enum status proxy_mode_read(struct slice word, enum proxy_mode *out) MUST_USE;
const char *proxy_mode_word(enum proxy_mode mode); /* "" for PROXY_NONE */

enum { PROXY_V1_MAX = 107, PROXY_HEADER_MAX = 2048 };

struct proxy_header {
    bool local;         /* the proxy's own connection, such as a health check: no source */
    struct peer source; /* where the proxy was connected to from */
};

enum proxy_progress { PROXY_MORE, PROXY_DONE, PROXY_REFUSED };

/* Reads the header at the start of `in`; *consumed is its length. A client whose address the proxy
 * does not tell (UNKNOWN, AF_UNSPEC, AF_UNIX) or that is none of TCP's is refused rather than taken
 * for the proxy, whose word counts for more. */
enum proxy_progress proxy_header_read(struct slice in, enum proxy_mode mode,
                                      struct proxy_header *out, size_t *consumed);
