/* daemon_options: the command line of a daemon. */
#pragma once
#include "daemon.h"

enum { EXIT_USAGE = 2 };

struct daemon_options {
    const char *config; /* a path */
    bool check_config;
};

/* Answers --help, --version and wrong usage itself: false, with *exit_code, if
 * nothing is left to do. */
bool daemon_options_read(const struct daemon_spec *spec, int argc, char **argv,
                         struct daemon_options *out, int *exit_code);
