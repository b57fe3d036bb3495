/* attestctl: the tool that keeps the registry. Each command is one row and one
 * function. */
#pragma once
#include "registry.h"

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2 };

struct command_line {
    const char *registry; /* --registry, or NULL */
    int argc;             /* what follows the command's words */
    char **argv;
};

struct command {
    const char *noun;
    const char *verb;      /* "" for one that is a word alone */
    const char *arguments; /* for --help */
    const char *summary;
    int (*run)(const struct command_line *line); /* the exit code */
};

int command_app_add(const struct command_line *line);
int command_app_list(const struct command_line *line);
int command_app_show(const struct command_line *line);
int command_app_remove(const struct command_line *line);
int command_policy_show(const struct command_line *line);
int command_policy_set(const struct command_line *line);
int command_policy_try(const struct command_line *line);
int command_build_add(const struct command_line *line);
int command_build_list(const struct command_line *line);
int command_build_revoke(const struct command_line *line);
int command_build_deprecate(const struct command_line *line);
int command_build_activate(const struct command_line *line);
int command_build_remove(const struct command_line *line);
int command_secret_rotate(const struct command_line *line);
int command_explain(const struct command_line *line);
int command_token_inspect(const struct command_line *line);

/* An option that takes a value. */
struct option_value {
    const char *name; /* "--name" */
    const char *value;
    const char **values; /* where it may come several times: `max` of them */
    size_t max, count;
};

/* Sorts a command's words into options and at most `max` others. Says what is
 * wrong and returns false. */
bool command_parse(const struct command_line *line, struct option_value *options,
                   size_t option_count, const char **words, size_t min, size_t max);

/* For commands that need it: false, and a sentence, without --registry. */
bool command_needs_registry(const struct command_line *line);

/* Prints "attestctl: why" and returns EXIT_REFUSED. */
int command_refused(const char *why);

/* A secret from a file, or a fresh random one of 43 characters. ST_OK, or false
 * after saying why. Free it with secret_free. */
bool command_secret(const char *file, struct secret **out);

/* One line for a build; a line for each setting. */
void command_show_build(const struct build *build);
void command_show_policy(const struct app *app);
