/* make-registry FOLDER APPS BINARY: a registry of so many apps, each with a secret and BINARY as
 * its build, through attestctl's own writer. Quickest in memory (/dev/shm): every file is synced.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hex.h"
#include "registry_write.h"

enum { SECRET_BYTES = 24 };

static enum status add_app(const char *registry, const char *id, const char *binary, char *why)
{
    uint8_t random[SECRET_BYTES];
    char secret[2 * SECRET_BYTES + 1];
    struct added_build added;

    crypto_random(random, sizeof random);
    hex_encode(secret, (struct slice){ random, sizeof random });
    const struct new_app app = { id, "One of many", 0, slice_of(secret), JWT_HS256 };
    enum status st = registry_add_app(registry, &app, time(NULL), why, WHY_MAX);
    return st ? st : registry_add_build(registry, id, "1.0", &binary, 1, &added, why, WHY_MAX);
}

/* Made in a registry of its own and moved: each change of a registry looks at all of its apps. */
static enum status make_app(const char *folder, unsigned n, const char *binary, char *why)
{
    char id[32], part[PATH_MAX], from[PATH_MAX + 64], to[PATH_MAX + 64];

    snprintf(id, sizeof id, "app-%06u", n);
    snprintf(part, sizeof part, "%s.part", folder);
    snprintf(from, sizeof from, "%s/%s", part, id);
    snprintf(to, sizeof to, "%s/%s", folder, id);
    enum status st = add_app(part, id, binary, why);
    if (!st && rename(from, to) != 0) {
        snprintf(why, WHY_MAX, "%s: %s", id, strerror(errno));
        st = ST_IO;
    }
    rmdir(part);
    return st;
}

int main(int argc, char **argv)
{
    char why[WHY_MAX];

    if (argc != 4 || mkdir(argv[1], 0700) != 0) {
        fprintf(stderr, "make-registry FOLDER APPS BINARY: makes the folder\n");
        return 1;
    }
    umask(077);
    for (unsigned n = 0; n < strtoul(argv[2], NULL, 10); n++)
        if (make_app(argv[1], n, argv[3], why)) {
            fprintf(stderr, "make-registry: %s\n", why);
            return 1;
        }
    return 0;
}
