/* registry_conf: writes the registry's configuration files, so that they are read back as they
 * were given. */
#pragma once
#include "registry.h"

/* Both: ST_TOO_LARGE, ST_IO, with a sentence in `why`. app.conf: the name, how tokens are signed
 * and for whom, and those settings of the policy that are stated. build.conf: label, state and
 * modules. */
enum status registry_conf_write_app(const char *folder, const struct app *app, char *why,
                                    size_t why_cap) MUST_USE;
enum status registry_conf_write_build(const char *folder, const struct build *build, char *why,
                                      size_t why_cap) MUST_USE;

/* The file that module n of a build lies in. */
struct image_name {
    char text[32];
};
struct image_name registry_image_name(size_t n);
