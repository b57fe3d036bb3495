#include "daemon_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static void print_help(const struct daemon_spec *spec)
{
    printf("Usage: %s [--config FILE] [--check-config]\n"
           "%s: %s.\n\n"
           "  --config FILE    read FILE instead of %s\n"
           "  --check-config   load everything as for a start, say whether it is right, and end\n"
           "  --version        print the version and end\n"
           "  --help           print this and end\n\n"
           "SIGHUP loads the configuration and the files it names again and opens the log anew;\n"
           "what is wrong is logged and changes nothing. SIGTERM and SIGINT let requests under\n"
           "way finish; a second one ends at once. Exit code: 0, 1 on failure, 2 on wrong usage.\n",
           spec->name, spec->name, spec->summary, spec->default_config);
}

static bool end_with(int *exit_code, int code)
{
    *exit_code = code;
    return false;
}

static bool wrong_usage(const struct daemon_spec *spec, int *exit_code)
{
    fprintf(stderr, "Try '%s --help'.\n", spec->name);
    return end_with(exit_code, EXIT_USAGE);
}

bool daemon_options_read(const struct daemon_spec *spec, int argc, char **argv,
                         struct daemon_options *out, int *exit_code)
{
    static const struct option known[] = {
        { "config", required_argument, NULL, 'c' },
        { "check-config", no_argument, NULL, 'k' },
        { "version", no_argument, NULL, 'v' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    int option;

    *out = (struct daemon_options){ .config = spec->default_config };
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (option) {
        case 'c':
            out->config = optarg;
            break;
        case 'k':
            out->check_config = true;
            break;
        case 'v':
            printf("%s %s\n", spec->name, VOUCHSAFE_VERSION);
            return end_with(exit_code, EXIT_SUCCESS);
        case 'h':
            print_help(spec);
            return end_with(exit_code, EXIT_SUCCESS);
        default:
            return wrong_usage(spec, exit_code);
        }
    }
    if (optind == argc)
        return true;
    fprintf(stderr, "%s: '%s' is no option\n", spec->name, argv[optind]);
    return wrong_usage(spec, exit_code);
}
