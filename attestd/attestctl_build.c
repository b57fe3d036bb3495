#include <stdio.h>

#include "attestctl.h"
#include "registry_app.h"
#include "registry_write.h"

int command_build_add(const struct command_line *line)
{
    const char *files[MODULES_MAX] = { NULL };
    struct option_value options[] = {
        { .name = "--label", .value = "" },
        { .name = "--module", .values = files + 1, .max = MODULES_MAX - 1 }
    };
    char why[WHY_MAX] = "";
    const char *words[2];
    struct added_build added;

    if (!command_parse(line, options, 2, words, 2, 2) || !command_needs_registry(line))
        return EXIT_USAGE;
    files[0] = words[1];
    if (registry_add_build(line->registry, words[0], options[0].value, files, 1 + options[1].count,
                           &added, why, sizeof why))
        return command_refused(why);
    printf("build %s of %s is registered, %s\n", build_id_text(&added.id).text, words[0],
           build_state_name(added.state));
    return 0;
}

void command_show_build(const struct build *build)
{
    printf("%s  %-10s %s", build_id_text(&build->id).text, build_state_name(build->state),
           build->label);
    for (size_t i = 0; i < build->module_count; i++)
        printf("%s%s", i ? ", " : "  ", build->modules[i].name);
    printf("\n");
}

int command_build_list(const struct command_line *line)
{
    char why[WHY_MAX];
    const char *client_id;
    struct app app;

    if (!command_parse(line, NULL, 0, &client_id, 1, 1) || !command_needs_registry(line))
        return EXIT_USAGE;
    if (registry_read_app(line->registry, client_id, &app, why, sizeof why))
        return command_refused(why);
    for (size_t i = 0; i < app.build_count; i++)
        command_show_build(&app.builds[i]);
    registry_app_clear(&app);
    return 0;
}

static int set_state(const struct command_line *line, enum build_state state)
{
    char why[WHY_MAX] = "";
    const char *words[2];

    if (!command_parse(line, NULL, 0, words, 2, 2) || !command_needs_registry(line))
        return EXIT_USAGE;
    if (registry_set_state(line->registry, words[0], words[1], state, why, sizeof why))
        return command_refused(why);
    printf("build %s of %s is %s\n", words[1], words[0], build_state_name(state));
    return 0;
}

int command_build_revoke(const struct command_line *line)
{
    return set_state(line, BUILD_REVOKED);
}

int command_build_deprecate(const struct command_line *line)
{
    return set_state(line, BUILD_DEPRECATED);
}

int command_build_activate(const struct command_line *line)
{
    return set_state(line, BUILD_ACTIVE);
}

int command_build_remove(const struct command_line *line)
{
    char why[WHY_MAX] = "";
    const char *words[2];

    if (!command_parse(line, NULL, 0, words, 2, 2) || !command_needs_registry(line))
        return EXIT_USAGE;
    if (registry_remove_build(line->registry, words[0], words[1], why, sizeof why))
        return command_refused(why);
    printf("build %s of %s is removed\n", words[1], words[0]);
    return 0;
}
