#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "app_audience.h"
#include "attestctl.h"
#include "clock.h"
#include "registry_app.h"
#include "registry_set.h"
#include "registry_write.h"

enum { LIFETIME_MAX = 86400 };

static int say_added(const struct command_line *line, const char *client_id)
{
    char why[WHY_MAX], path[PATH_MAX];
    struct app app;

    if (registry_read_app(line->registry, client_id, &app, why, sizeof why))
        return command_refused(why);
    registry_secret_path(line->registry, client_id, keyring_current_kid(app.keyring), path,
                         sizeof path);
    printf("%s is registered. Its client secret lies in\n  %s\n"
           "Tell it to the authorization server; never build it into the app.\n",
           client_id, path);
    registry_app_clear(&app);
    return 0;
}

static bool read_lifetime(const char *text, int64_t *out)
{
    uint64_t seconds = 0; /* the default */

    if (text && (slice_to_u64(slice_of(text), LIFETIME_MAX, &seconds) || seconds == 0)) {
        fprintf(stderr, "attestctl: --token-lifetime takes 1 to %d seconds\n", LIFETIME_MAX);
        return false;
    }
    *out = (int64_t)seconds;
    return true;
}

static bool read_alg(const char *text, enum jwt_alg *out)
{
    if (!jwt_alg_find(slice_of(text), out))
        return true;
    fprintf(stderr, "attestctl: --token-alg takes HS256, ES256 or EdDSA\n");
    return false;
}

/* An app that is to be signed for by a key that is not there would keep attestd from starting. */
static bool has_key(const struct command_line *line, enum jwt_alg alg, char *why, size_t why_cap)
{
    struct token_keys *keys;

    if (alg == JWT_HS256)
        return true;
    if (token_keys_read(line->registry, &keys, why, why_cap))
        return false;
    bool found = token_keys_of(keys, alg) != NULL;
    token_keys_free(keys);
    if (!found)
        snprintf(why, why_cap, "there is no key yet: attestctl key rotate --alg %s makes one",
                 jwt_alg_name(alg));
    return found;
}

int command_app_add(const struct command_line *line)
{
    struct option_value options[] = { { .name = "--name", .value = "" },
                                      { .name = "--secret-file" },
                                      { .name = "--token-lifetime" },
                                      { .name = "--token-alg", .value = "HS256" } };
    char why[WHY_MAX] = "";
    const char *client_id;
    struct secret *secret;
    enum jwt_alg alg;
    int64_t lifetime;

    if (!command_parse(line, options, 4, &client_id, 1, 1) || !command_needs_registry(line) ||
        !read_lifetime(options[2].value, &lifetime) || !read_alg(options[3].value, &alg))
        return EXIT_USAGE;
    if (!has_key(line, alg, why, sizeof why))
        return command_refused(why);
    if (!command_secret(options[1].value, &secret))
        return EXIT_REFUSED;
    const struct new_app app = { client_id, options[0].value, lifetime, secret_bytes(secret), alg };
    enum status st =
        registry_add_app(line->registry, &app, clock_wall(&SYSTEM_CLOCK), why, sizeof why);
    secret_free(secret);
    return st ? command_refused(why) : say_added(line, client_id);
}

int command_app_set(const struct command_line *line)
{
    const char *audiences[AUDIENCES_MAX], *client_id;
    struct option_value options[] = {
        { .name = "--token-alg" },
        { .name = "--audience", .values = audiences, .max = AUDIENCES_MAX }
    };
    char why[WHY_MAX] = "";
    enum jwt_alg alg = JWT_HS256;

    if (!command_parse(line, options, 2, &client_id, 1, 1) || !command_needs_registry(line) ||
        (options[0].value && !read_alg(options[0].value, &alg)))
        return EXIT_USAGE;
    if (!has_key(line, alg, why, sizeof why))
        return command_refused(why);
    bool none = options[1].count == 1 && strcmp(audiences[0], "none") == 0;
    const struct app_changes changes = { .token_alg = options[0].value,
                                         .set_audiences = options[1].count > 0,
                                         .audiences = audiences,
                                         .audience_count = none ? 0 : options[1].count };
    if (registry_set_app(line->registry, client_id, &changes, why, sizeof why))
        return command_refused(why);
    printf("%s is changed\n", client_id);
    return 0;
}

static void list_app(const struct app *app)
{
    printf("%-32s %zu builds, tokens live %lld s%s%s\n", app->client_id, app->build_count,
           (long long)app->policy.token_lifetime, app->name[0] ? ", " : "", app->name);
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
        list_app(registry_app_at(registry, i));
    registry_free(registry);
    return 0;
}

static void show_secrets(const char *registry, const struct app *app)
{
    char path[PATH_MAX];

    for (size_t i = 0; i < keyring_count(app->keyring); i++) {
        registry_secret_path(registry, app->client_id, keyring_kid_at(app->keyring, i), path,
                             sizeof path);
        printf("  %s  %s\n", path, i ? "verifies until its tokens are gone" : "signs");
    }
}

static void show_tokens(const struct app *app)
{
    printf("tokens\n  signed with %s\n", jwt_alg_name(app->token_alg));
    for (size_t i = 0; i < app->audience_count; i++)
        printf("  assertions for %s\n", app->audiences[i]);
}

int command_app_show(const struct command_line *line)
{
    char why[WHY_MAX];
    const char *client_id;
    struct app app;

    if (!command_parse(line, NULL, 0, &client_id, 1, 1) || !command_needs_registry(line))
        return EXIT_USAGE;
    if (registry_read_app(line->registry, client_id, &app, why, sizeof why))
        return command_refused(why);
    printf("%s%s%s\npolicy\n", app.client_id, app.name[0] ? ", " : "", app.name);
    command_show_policy(&app);
    show_tokens(&app);
    printf("secrets\n");
    show_secrets(line->registry, &app);
    printf("builds\n");
    for (size_t i = 0; i < app.build_count; i++) {
        printf("  ");
        command_show_build(&app.builds[i]);
    }
    registry_app_clear(&app);
    return 0;
}

int command_app_remove(const struct command_line *line)
{
    char why[WHY_MAX];
    const char *client_id;

    if (!command_parse(line, NULL, 0, &client_id, 1, 1) || !command_needs_registry(line))
        return EXIT_USAGE;
    if (registry_remove_app(line->registry, client_id, why, sizeof why))
        return command_refused(why);
    printf("%s is removed, with its builds and secrets\n", client_id);
    return 0;
}
