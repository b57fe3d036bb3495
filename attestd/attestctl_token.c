#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attestctl.h"
#include "client_assertion.h"
#include "clock.h"
#include "ear.h"
#include "token_sign.h"

enum { LINE_MAX_LEN = JWT_MAX_LEN + 2, TYP_MAX = 64 };

/* What a token is, by its header's typ, and what it is signed with. */
static const struct kind {
    const char *typ;
    const char *name;
    bool by_secret;
} kinds[] = {
    { INTEGRITY_TOKEN_TYP, "an integrity token", false },
    { EAR_TYP, "an EAT attestation result", false },
    { CLIENT_ASSERTION_TYP, "a client assertion", true },
};
enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

static void show(const char *title, cJSON *json)
{
    char *text = cJSON_Print(json);

    printf("%s %s\n", title, text ? text : "(out of memory)");
    free(text);
}

static const struct kind *kind_of(const cJSON *header)
{
    struct slice typ;

    if (json_get_text(header, "typ", TYP_MAX, &typ))
        return NULL;
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (slice_is(typ, kinds[i].typ))
            return &kinds[i];
    return NULL;
}

/* ST_NOT_FOUND if the token is of no registered app. */
static enum status check(const struct registry *registry, const struct kind *kind,
                         struct slice token, const cJSON *claims, struct jwt *out)
{
    int64_t now = clock_wall(&SYSTEM_CLOCK);
    struct slice client_id;

    if (json_get_text(claims, "sub", CLIENT_ID_MAX, &client_id))
        return ST_NOT_FOUND;
    const struct app *app = registry_app(registry, client_id);
    if (!app)
        return ST_NOT_FOUND;
    struct jwt_rules rules = token_rules(app, kind->typ, now);
    struct token_lookup keys = { app, now };
    if (!kind->by_secret)
        return jwt_verify(token, &rules, token_lookup_fn, &keys, out);
    rules.algs = JWT_ALG_BIT(JWT_HS256);
    return jwt_verify(token, &rules, token_secret_fn, (void *)app, out);
}

static int judge(const struct command_line *line, const struct kind *kind, struct slice token,
                 const cJSON *claims)
{
    struct registry *registry;
    char why[WHY_MAX];
    struct jwt jwt;

    if (registry_read(line->registry, &registry, why, sizeof why))
        return command_refused(why);
    enum status st = kind ? check(registry, kind, token, claims, &jwt) : ST_UNSUPPORTED;
    registry_free(registry);
    if (st) {
        printf("It does not hold: %s\n", status_name(st));
        return EXIT_REFUSED;
    }
    printf("It holds, signed with %s %s%s(%s), for another %lld s.\n",
           jwt.alg == JWT_HS256 ? "secret" : "key", jwt.kid, jwt.kid[0] ? " " : "",
           jwt_alg_name(jwt.alg), (long long)(jwt.exp - clock_wall(&SYSTEM_CLOCK)));
    jwt_clear(&jwt);
    return 0;
}

static int inspect(const struct command_line *line, struct slice token)
{
    cJSON *header, *claims;

    if (jwt_peek(token, &header, &claims))
        return command_refused("this is no JWT of at most 4 KiB");
    const struct kind *kind = kind_of(header);
    show("header", header);
    show("claims", claims);
    printf("It says that it is %s.\n", kind ? kind->name : "none of attestd's");
    int code = line->registry ? judge(line, kind, token, claims) : 0;
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
