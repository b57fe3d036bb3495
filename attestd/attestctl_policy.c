#include <stdio.h>

#include "attestctl.h"
#include "policy_key.h"
#include "registry_app.h"
#include "registry_write.h"

void command_show_policy(const struct app *app)
{
    for (size_t key = 0; key < POLICY_KEY_COUNT; key++)
        printf("  %s = %s%s\n", policy_key_name(key), policy_key_get(&app->policy, key).text,
               app->stated >> key & 1 ? "" : " (default)");
}

int command_policy_show(const struct command_line *line)
{
    char why[WHY_MAX];
    const char *client_id;
    struct app app;

    if (!command_parse(line, NULL, 0, &client_id, 1, 1) || !command_needs_registry(line))
        return EXIT_USAGE;
    if (registry_read_app(line->registry, client_id, &app, why, sizeof why))
        return command_refused(why);
    command_show_policy(&app);
    registry_app_clear(&app);
    return 0;
}

int command_policy_set(const struct command_line *line)
{
    const char *words[1 + POLICY_KEY_COUNT] = { NULL };
    char why[WHY_MAX] = "";
    size_t count = 0;

    if (!command_parse(line, NULL, 0, words, 2, 1 + POLICY_KEY_COUNT) ||
        !command_needs_registry(line))
        return EXIT_USAGE;
    while (count < POLICY_KEY_COUNT && words[1 + count])
        count++;
    if (registry_set_policy(line->registry, words[0], words + 1, count, why, sizeof why))
        return command_refused(why);
    return command_policy_show(&(struct command_line){ line->registry, 1, line->argv });
}
