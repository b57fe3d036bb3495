#include "attestctl.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "base64url.h"

static const struct command commands[] = {
    { "app", "add", "CLIENT_ID [--name NAME] [--secret-file FILE] [--token-lifetime SECONDS]",
      "registers an app and draws its client secret, or takes yours", command_app_add },
    { "app", "list", "", "shows the registered apps", command_app_list },
    { "app", "show", "CLIENT_ID", "shows an app's policy, secrets' files and builds",
      command_app_show },
    { "app", "remove", "CLIENT_ID", "forgets an app, its builds and its secrets",
      command_app_remove },
    { "policy", "show", "CLIENT_ID", "shows what an app must prove, and which of it is default",
      command_policy_show },
    { "policy", "set", "CLIENT_ID KEY=VALUE...",
      "changes it: a probe is required, report or off; mode=report enforces nothing; or default",
      command_policy_set },
    { "policy", "try",
      "CLIENT_ID [--policy KEY=VALUE]... [--build BUILD_ID=STATE]... [--recorded FILE]...",
      "says which recorded appraisals would be decided otherwise, and why; changes nothing",
      command_policy_try },
    { "build", "add", "CLIENT_ID BINARY [--module LIBRARY]... [--label TEXT]",
      "registers a binary as it is shipped, with its own libraries; not if it is revoked",
      command_build_add },
    { "build", "list", "CLIENT_ID", "shows an app's builds", command_build_list },
    { "build", "deprecate", "CLIENT_ID BUILD_ID", "lets a build pass, and logs that it did",
      command_build_deprecate },
    { "build", "revoke", "CLIENT_ID BUILD_ID", "refuses a build from now on",
      command_build_revoke },
    { "build", "activate", "CLIENT_ID BUILD_ID", "lets a deprecated or revoked build pass again",
      command_build_activate },
    { "build", "remove", "CLIENT_ID BUILD_ID", "forgets a build and its files",
      command_build_remove },
    { "secret", "rotate", "CLIENT_ID [--secret-file FILE]",
      "makes a new secret sign; the old one verifies until its tokens are gone",
      command_secret_rotate },
    { "explain", "", "ERROR_ID [--log FILE]...",
      "says why a client was refused, from the logs (with what they were rotated to) or from "
      "standard input",
      command_explain },
    { "token", "inspect", "[TOKEN|-]",
      "shows a token (of standard input with -); with --registry, whether it holds",
      command_token_inspect },
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static void usage_line(FILE *out, const struct command *c)
{
    fprintf(out, "  %s%s%s%s%s\n      %s\n", c->noun, c->verb[0] ? " " : "", c->verb,
            c->arguments[0] ? " " : "", c->arguments, c->summary);
}

/* All commands, or those of a noun. */
static void usage(FILE *out, const char *noun)
{
    fprintf(out, "Usage: attestctl --registry FOLDER COMMAND\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (!noun || strcmp(commands[i].noun, noun) == 0)
            usage_line(out, &commands[i]);
    fprintf(out, "\n  --help, --version\n\nExit code: 0 done, 1 refused, 2 wrong usage. attestd "
                 "takes changes up by itself, mediator on SIGHUP.\n");
}

int command_refused(const char *why)
{
    fprintf(stderr, "attestctl: %s\n", why);
    return EXIT_REFUSED;
}

bool command_needs_registry(const struct command_line *line)
{
    if (!line->registry)
        fprintf(stderr, "attestctl: this needs --registry FOLDER\n");
    return line->registry != NULL;
}

static bool take_option(struct option_value *options, size_t count, const char *name,
                        const char *value)
{
    for (size_t i = 0; i < count; i++) {
        struct option_value *o = &options[i];
        if (strcmp(o->name, name) != 0)
            continue;
        if (!value) {
            fprintf(stderr, "attestctl: %s needs a value\n", name);
            return false;
        }
        if (o->values && o->count == o->max) {
            fprintf(stderr, "attestctl: %s at most %zu times\n", name, o->max);
            return false;
        }
        if (o->values)
            o->values[o->count++] = value;
        o->value = value;
        return true;
    }
    fprintf(stderr, "attestctl: unknown option %s\n", name);
    return false;
}

bool command_parse(const struct command_line *line, struct option_value *options,
                   size_t option_count, const char **words, size_t min, size_t max)
{
    size_t count = 0;

    for (int i = 0; i < line->argc; i++) {
        const char *word = line->argv[i];
        if (strncmp(word, "--", 2) == 0) {
            const char *value = i + 1 < line->argc ? line->argv[i + 1] : NULL;
            if (!take_option(options, option_count, word, value))
                return false;
            i++;
        } else if (count == max) {
            fprintf(stderr, "attestctl: unexpected argument '%s'\n", word);
            return false;
        } else {
            words[count++] = word;
        }
    }
    if (count < min)
        fprintf(stderr, "attestctl: an argument is missing; attestctl --help shows them\n");
    return count >= min;
}

static bool draw_secret(struct secret **out)
{
    uint8_t random[32];
    char text[BASE64URL_LEN(sizeof random) + 1];

    crypto_random(random, sizeof random);
    base64url_encode(text, (struct slice){ random, sizeof random });
    enum status st = secret_new(slice_of(text), out);
    secret_wipe(random, sizeof random);
    secret_wipe(text, sizeof text);
    return st == ST_OK;
}

bool command_secret(const char *file, struct secret **out)
{
    if (!file)
        return draw_secret(out);
    enum status st = secret_read_file(file, out);
    const char *why = st == ST_INVALID     ? "a secret has at least 32 bytes"
                      : st == ST_TOO_LARGE ? "a secret has at most 512 bytes"
                      : st == ST_DENIED    ? "group or others may read it, or it is not ours"
                      : st == ST_NOT_FOUND ? "there is no such file"
                                           : "it cannot be read";
    if (st)
        fprintf(stderr, "attestctl: %s: %s\n", file, why);
    return st == ST_OK;
}

/* How many words name the command: 0 if it is another one. */
static int words_of(const struct command *c, int argc, char **argv)
{
    if (argc < 1 || strcmp(c->noun, argv[0]) != 0)
        return 0;
    if (!c->verb[0])
        return 1;
    return argc >= 2 && strcmp(c->verb, argv[1]) == 0 ? 2 : 0;
}

static int run(const char *registry, int argc, char **argv)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const struct command *c = &commands[i];
        int words = words_of(c, argc, argv);
        if (!words)
            continue;
        const struct command_line line = { registry, argc - words, argv + words };
        if (line.argc >= 1 && strcmp(line.argv[0], "--help") == 0) {
            usage_line(stdout, c);
            return 0;
        }
        return c->run(&line);
    }
    if (argc >= 2 && strcmp(argv[1], "--help") == 0) {
        usage(stdout, argv[0]);
        return 0;
    }
    fprintf(stderr, "attestctl: no such command; attestctl --help shows them\n");
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    const char *registry = NULL;
    int at = 1;

    prctl(PR_SET_DUMPABLE, 0); /* secrets pass through */
    umask(077);
    for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++) {
        if (strcmp(argv[at], "--help") == 0) {
            usage(stdout, NULL);
            return 0;
        }
        if (strcmp(argv[at], "--version") == 0) {
            puts("attestctl " VOUCHSAFE_VERSION);
            return 0;
        }
        if (strcmp(argv[at], "--registry") != 0 || at + 1 == argc) {
            fprintf(stderr, "attestctl: unknown option %s, or its value is missing\n", argv[at]);
            return EXIT_USAGE;
        }
        registry = argv[++at];
    }
    return run(registry, argc - at, argv + at);
}
