/* metadata: what the mediator says about itself (RFC 8414, OpenID Connect
 * Discovery 1.0): upstream's document, with our endpoints and rules in place of
 * its own.
 *
 * Two things stay upstream's, because its answers to a browser do not pass
 * through here: `iss` in the authorization response (RFC 9207) names upstream,
 * so support for it is not announced, and a client that checks it must expect
 * upstream's issuer; and so do ID tokens. */
#pragma once
#include <cjson/cJSON.h>

#include "request.h"

/* The document, owned by the caller; NULL without memory, made from what s->upstreams[upstream]
 * offers. Members of endpoints that it lacks (where has[] says so) are left out. */
cJSON *metadata_make(const struct settings *s, size_t upstream, const cJSON *offered,
                     const bool has[static ENDPOINT_COUNT]);

void metadata_handle(struct request *r);
