/* url: absolute http and https URLs (RFC 3986), and percent coding. */
#pragma once
#include "bytes.h"

enum { URL_HOST_MAX = 253 };

/* Slices borrow from the text that was read. */
struct url {
    bool tls;               /* https */
    struct slice host;      /* without the brackets of an IPv6 literal */
    uint16_t port;          /* explicit, or 80 / 443 */
    struct slice authority; /* host[:port] as written: the Host header's value */
    struct slice path;      /* "/" at least when the text has no path */
    struct slice query;     /* without '?', or empty */
};

/* ST_INVALID for any other scheme, user information, a fragment, white space,
 * controls or a port out of range. */
enum status url_read(struct slice text, struct url *out) MUST_USE;

/* Everything but the unreserved characters as %XX (RFC 3986 §2.3). */
void url_escape(struct writer *w, struct slice text);
