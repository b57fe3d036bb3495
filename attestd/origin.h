/* origin: whose code a report speaks of. */
#pragma once
#include "registry.h"

enum origin {
    ORIGIN_REGISTERED, /* a module of the build */
    ORIGIN_KERNEL,     /* what the kernel maps into each process */
    ORIGIN_SYSTEM,     /* a file in a folder of libraries that only the administrator writes to */
    ORIGIN_FOREIGN,    /* any other file */
    ORIGIN_NONE        /* no file */
};

/* *module is the number of the build's module, for ORIGIN_REGISTERED. */
enum origin origin_of(const struct build *build, const struct build_id *id, struct slice path,
                      size_t *module);
