#include <limits.h>
#include <stdio.h>

#include "attestctl.h"
#include "clock.h"
#include "registry_app.h"
#include "registry_private.h"

enum { CLOCK_SKEW = 60 };

/* A former key verifies until the last token that it signed has expired. */
struct lifetimes {
    enum jwt_alg alg;
    int64_t longest;
    char *why;
};

static enum status look_at(void *arg, const char *registry, const char *name)
{
    struct lifetimes *l = arg;
    struct app app = { .client_id = "" };
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", registry, name);
    enum status st = registry_app_read_conf(path, &app, l->why, WHY_MAX);
    if (!st && app.token_alg == l->alg && app.policy.token_lifetime > l->longest)
        l->longest = app.policy.token_lifetime;
    registry_app_clear(&app);
    return st;
}

/* Of the settings alone: an app that waits for its first key cannot be read as a whole. */
static enum status longest_lifetime(const char *registry, enum jwt_alg alg, int64_t *out,
                                    char why[static WHY_MAX])
{
    struct lifetimes l = { .alg = alg, .why = why };
    enum status st = registry_each(registry, NULL, look_at, &l, why, WHY_MAX);

    *out = l.longest;
    return st == ST_NOT_FOUND ? ST_OK : st; /* keys may be there before the first app */
}

static int rotate(const struct command_line *line, enum key_type type, int64_t keep)
{
    char why[WHY_MAX] = "", kid[KEYRING_KID_LEN + 1];
    int64_t now = clock_wall(&SYSTEM_CLOCK);

    if (token_keys_rotate(line->registry, type, now, now + keep, kid, why, sizeof why))
        return command_refused(why);
    printf(
        "Key %s signs %s tokens once attestd has taken it up. Send mediator SIGHUP first, if it\n"
        "reads %s/.keys/public.json, or give it what attestctl key public prints.\n",
        kid, jwt_alg_name(jwt_alg_of_key(type)), line->registry);
    return 0;
}

int command_key_rotate(const struct command_line *line)
{
    struct option_value options[] = { { .name = "--alg", .value = "ES256" } };
    char why[WHY_MAX] = "";
    enum key_type type;
    int64_t longest;

    if (!command_parse(line, options, 1, NULL, 0, 0) || !command_needs_registry(line))
        return EXIT_USAGE;
    if (!signing_key_type(options[0].value, &type)) {
        fprintf(stderr, "attestctl: --alg takes ES256 or EdDSA\n");
        return EXIT_USAGE;
    }
    if (longest_lifetime(line->registry, jwt_alg_of_key(type), &longest, why))
        return command_refused(why);
    return rotate(line, type, longest + CLOCK_SKEW);
}

int command_key_public(const struct command_line *line)
{
    char why[WHY_MAX] = "", text[TOKEN_KEYS_JSON_MAX];
    struct writer w = writer_over(text, sizeof text);
    struct token_keys *keys;

    if (!command_parse(line, NULL, 0, NULL, 0, 0) || !command_needs_registry(line))
        return EXIT_USAGE;
    if (token_keys_read(line->registry, &keys, why, sizeof why))
        return command_refused(why);
    token_keys_write_set(keys, clock_wall(&SYSTEM_CLOCK), &w);
    token_keys_free(keys);
    printf("%.*s\n", (int)w.len, text);
    return 0;
}
