/* device_terms: what a grant lets happen on a device, and when: what upstream granted, less what
 * device, client and the request itself leave out. A pure function. */
#pragma once
#include "device_wish.h"

struct device_terms {
    char scope[GRANT_SCOPE_MAX + 1]; /* separated by spaces */
    int64_t not_before;              /* seconds since the epoch */
    int64_t expires;
    bool once; /* one command, and the key is gone */
};

/* `answer` is upstream's of a token endpoint (RFC 6749 §5.1). What was asked grants nothing: an
 * answer that does not say its scope (which that section allows) is refused. With
 * authorization_details (RFC 9396 §7) those about the device are what was granted. */
struct verdict device_terms_of(const struct settings *s, const struct client *client,
                               const struct device_wish *wish, int64_t now, const cJSON *answer,
                               struct device_terms *out);
