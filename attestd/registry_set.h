/* registry_set: changes how an app's tokens are signed and whom they are for. What it must prove is
 * the policy's (registry_set_policy). */
#pragma once
#include "registry.h"

struct app_changes {
    const char *token_alg; /* or NULL: as it is */
    bool set_audiences;
    const char *const *audiences; /* all of them */
    size_t audience_count;
};

/* ST_NOT_FOUND, ST_INVALID, ST_DENIED, ST_IO, with a sentence in `why`: then nothing has changed.
 */
enum status registry_set_app(const char *registry, const char *client_id,
                             const struct app_changes *changes, char *why, size_t why_cap) MUST_USE;
