#include <limits.h>
#include <stdio.h>

#include "attestctl.h"
#include "clock.h"
#include "registry_write.h"

enum { LIFETIME_DEFAULT = 300, LIFETIME_MAX = 86400 };

static int say_added(const struct command_line *line, const char *client_id)
{
    char why[WHY_MAX], path[PATH_MAX];
    struct registry *registry;

    if (registry_read(line->registry, &registry, why, sizeof why))
        return command_refused(why);
    const struct app *app = registry_app(registry, slice_of(client_id));
    registry_secret_path(line->registry, client_id, keyring_current_kid(app->keyring), path,
                         sizeof path);
    printf("%s is registered. Its client secret lies in\n  %s\n"
           "Tell it to the authorization server; never build it into the app.\n",
           client_id, path);
    registry_free(registry);
    return 0;
}

static bool read_lifetime(const char *text, int64_t *out)
{
    uint64_t seconds = LIFETIME_DEFAULT;

    if (text && (slice_to_u64(slice_of(text), LIFETIME_MAX, &seconds) || seconds == 0)) {
        fprintf(stderr, "attestctl: --token-lifetime takes 1 to %d seconds\n", LIFETIME_MAX);
        return false;
    }
    *out = (int64_t)seconds;
    return true;
}

int command_app_add(const struct command_line *line)
{
    struct option_value options[] = { { .name = "--name", .value = "" },
                                      { .name = "--secret-file" },
                                      { .name = "--token-lifetime" } };
    char why[WHY_MAX] = "";
    const char *client_id;
    struct secret *secret;
    int64_t lifetime;

    if (!command_parse(line, options, 3, &client_id, 1, 1) || !command_needs_registry(line) ||
        !read_lifetime(options[2].value, &lifetime))
        return EXIT_USAGE;
    if (!command_secret(options[1].value, &secret))
        return EXIT_REFUSED;
    const struct new_app app = { client_id, options[0].value, lifetime, secret_bytes(secret) };
    enum status st =
        registry_add_app(line->registry, &app, clock_wall(&SYSTEM_CLOCK), why, sizeof why);
    secret_free(secret);
    return st ? command_refused(why) : say_added(line, client_id);
}

static void show_app(const struct app *app)
{
    printf("%-32s %zu builds, tokens live %lld s%s%s\n", app->client_id, app->build_count,
           (long long)app->token_lifetime, app->name[0] ? ", " : "", app->name);
}

int command_app_list(const struct command_line *line)
{
    char why[WHY_MAX];
    struct registry *registry;

    if (!command_parse(line, NULL, 0, NULL, 0, 0) || !command_needs_registry(line))
        return EXIT_USAGE;
    if (registry_read(line->registry, &registry, why, sizeof why))
        return command_refused(why);
    for (size_t i = 0; i < registry_count(registry); i++)
        show_app(registry_app_at(registry, i));
    registry_free(registry);
    return 0;
}
