#include <stdio.h>

#include "attestctl.h"
#include "clock.h"
#include "registry_write.h"

int command_secret_rotate(const struct command_line *line)
{
    struct option_value options[] = { { .name = "--secret-file" } };
    char why[WHY_MAX] = "";
    const char *client_id;
    struct secret *secret;

    if (!command_parse(line, options, 1, &client_id, 1, 1) || !command_needs_registry(line))
        return EXIT_USAGE;
    if (!command_secret(options[0].value, &secret))
        return EXIT_REFUSED;
    enum status st = registry_rotate_secret(line->registry, client_id, secret_bytes(secret),
                                            clock_wall(&SYSTEM_CLOCK), why, sizeof why);
    secret_free(secret);
    if (st)
        return command_refused(why);
    printf("%s has a new secret, and attestd signs with it from now on. Send the mediator SIGHUP "
           "at once, and tell it to the authorization server.\n",
           client_id);
    return 0;
}
