#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attestctl.h"
#include "explanation.h"
#include "json.h"
#include "msg_error.h"

enum { LOGS_MAX = 64, ROTATED_MAX = 100 };

/* --- what is shown --- */

/* The log's member, and what people call it. */
static const struct {
    const char *member, *title;
} shown[] = {
    { "time", "when" },          { "client_id", "client" }, { "build", "build" },
    { "version", "version" },    { "jkt", "instance" },     { "peer", "from" },
    { "request_id", "request" },
};

static void show_members(const cJSON *line)
{
    struct slice text;

    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
        if (!json_get_text(line, shown[i].member, SIZE_MAX, &text))
            printf("  %-9s %.*s\n", shown[i].title, (int)text.len, (const char *)text.data);
}

static void show_reason(struct slice reason)
{
    struct explanation e = explanation_of(reason);

    printf("  - %.*s\n", (int)reason.len, (const char *)reason.data);
    if (e.meaning[0])
        printf("      %s\n      What to do: %s\n", e.meaning, e.advice);
}

/* Between reasons there is "; ". */
static void show_reasons(struct slice reasons)
{
    while (reasons.len) {
        struct slice one = slice_cut(&reasons, ';');
        show_reason(slice_trim(one));
    }
}

static void show_line(const cJSON *line)
{
    struct slice event = SLICE_LIT("request"), verdict = SLICE_LIT("refused"), reasons;

    (void)!json_get_text(line, "event", SIZE_MAX, &event);
    (void)!json_get_text(line, "verdict", SIZE_MAX, &verdict);
    printf("%.*s %.*s\n", (int)event.len, (const char *)event.data, (int)verdict.len,
           (const char *)verdict.data);
    show_members(line);
    if (json_get_text(line, "reasons", SIZE_MAX, &reasons) &&
        json_get_text(line, "reason", SIZE_MAX, &reasons))
        return;
    printf("  because\n");
    show_reasons(reasons);
}

/* --- where it is found --- */

static bool is_of(const cJSON *line, const char *error_id)
{
    struct slice id;

    return !json_get_text(line, "error_id", ERROR_ID_LEN, &id) && slice_is(id, error_id);
}

static bool show_if_of(struct slice text, const char *error_id)
{
    cJSON *line;

    if (json_parse_object(text, &JSON_MESSAGE_LIMITS, &line))
        return false;
    bool found = is_of(line, error_id);
    if (found)
        show_line(line);
    cJSON_Delete(line);
    return found;
}

static unsigned search(FILE *log, const char *error_id)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    unsigned found = 0;

    while ((len = getline(&line, &cap, log)) > 0)
        if (memmem(line, (size_t)len, error_id, strlen(error_id)))
            found += show_if_of((struct slice){ (const uint8_t *)line, (size_t)len }, error_id);
    free(line);
    return found;
}

/* ST_NOT_FOUND without such a file. */
static enum status search_file(const char *path, const char *error_id, unsigned *found)
{
    FILE *log = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");

    if (!log && errno != ENOENT)
        fprintf(stderr, "attestctl: %s: %s\n", path, strerror(errno));
    if (!log)
        return errno == ENOENT ? ST_NOT_FOUND : ST_IO;
    *found += search(log, error_id);
    if (log != stdin)
        fclose(log);
    return ST_OK;
}

/* The log, then what rotation has made of it: .1, .2 and so on, until one is not there. */
static enum status search_log(const char *path, const char *error_id, unsigned *found)
{
    enum status st = search_file(path, error_id, found), rotated = ST_OK;
    char name[PATH_MAX];

    if (strcmp(path, "-") == 0)
        return st;
    for (int n = 1; n <= ROTATED_MAX && rotated != ST_NOT_FOUND; n++) {
        snprintf(name, sizeof name, "%s.%d", path, n);
        rotated = search_file(name, error_id, found);
        if (rotated == ST_IO)
            st = ST_IO;
        else if (rotated == ST_OK && st == ST_NOT_FOUND)
            st = ST_OK;
    }
    return st;
}

static int not_found(const char *error_id)
{
    fprintf(stderr,
            "attestctl: no line has the error id %s. Give every log that it may be in "
            "(--log FILE, several times; zcat FILE.gz | attestctl explain %s), of each attestd and "
            "mediator\n",
            error_id, error_id);
    return EXIT_REFUSED;
}

int command_explain(const struct command_line *line)
{
    const char *logs[LOGS_MAX] = { "-" };
    struct option_value options[] = { { .name = "--log", .values = logs, .max = LOGS_MAX } };
    const char *error_id;
    unsigned found = 0;

    if (!command_parse(line, options, 1, &error_id, 1, 1))
        return EXIT_USAGE;
    size_t count = options[0].count ? options[0].count : 1;
    for (size_t i = 0; i < count; i++) {
        enum status st = search_log(logs[i], error_id, &found);
        if (st == ST_NOT_FOUND)
            fprintf(stderr, "attestctl: %s: no such file\n", logs[i]);
        if (st)
            return EXIT_REFUSED;
    }
    return found ? 0 : not_found(error_id);
}
