#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attestctl.h"
#include "clock.h"
#include "token.h"

enum { LINE_MAX_LEN = JWT_MAX_LEN + 2 };

static void show(const char *title, cJSON *json)
{
    char *text = cJSON_Print(json);

    printf("%s %s\n", title, text ? text : "(out of memory)");
    free(text);
}

/* ST_NOT_FOUND if the token is of no registered app. */
static enum status check(const struct registry *registry, struct slice token, const cJSON *claims,
                         struct jwt *out)
{
    int64_t now = clock_wall(&SYSTEM_CLOCK);
    struct slice client_id;

    if (json_get_text(claims, "sub", CLIENT_ID_MAX, &client_id))
        return ST_NOT_FOUND;
    const struct app *app = registry_app(registry, client_id);
    if (!app)
        return ST_NOT_FOUND;
    const struct jwt_rules rules = token_rules(app, now);
    struct keyring_lookup keys = { app->keyring, now };
    return jwt_verify(token, &rules, keyring_lookup_fn, &keys, out);
}

static int judge(const struct command_line *line, struct slice token, const cJSON *claims)
{
    struct registry *registry;
    char why[WHY_MAX];
    struct jwt jwt;

    if (registry_read(line->registry, &registry, why, sizeof why))
        return command_refused(why);
    enum status st = check(registry, token, claims, &jwt);
    registry_free(registry);
    if (st) {
        printf("It does not hold: %s\n", status_name(st));
        return EXIT_REFUSED;
    }
    printf("It holds, signed with secret %s, for another %lld s.\n", jwt.kid,
           (long long)(jwt.exp - clock_wall(&SYSTEM_CLOCK)));
    jwt_clear(&jwt);
    return 0;
}

static int inspect(const struct command_line *line, struct slice token)
{
    cJSON *header, *claims;

    if (jwt_peek(token, &header, &claims))
        return command_refused("this is no JWT of at most 4 KiB");
    show("header", header);
    show("claims", claims);
    int code = line->registry ? judge(line, token, claims) : 0;
    cJSON_Delete(header);
    cJSON_Delete(claims);
    return code;
}

int command_token_inspect(const struct command_line *line)
{
    char text[LINE_MAX_LEN];
    const char *word = "-";

    if (!command_parse(line, NULL, 0, &word, 0, 1))
        return EXIT_USAGE;
    if (strcmp(word, "-") != 0)
        return inspect(line, slice_of(word));
    if (!fgets(text, sizeof text, stdin))
        return command_refused("there is no token on standard input");
    text[strcspn(text, "\r\n")] = '\0';
    return inspect(line, slice_of(text));
}
