#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "attestctl.h"
#include "policy_key.h"
#include "recorded.h"
#include "registry_app.h"

enum { FILES_MAX = 64, STATES_MAX = 64, JKT_SHOWN = 8, BUILD_SHOWN = 12 };

/* What a policy would make of an appraisal that was decided under another one. */
enum change { SAME, REFUSED_NOW, ACCEPTED_NOW, UNDECIDED, CHANGE_COUNT };
static const char *const titles[CHANGE_COUNT] = {
    [REFUSED_NOW] = "would be refused, and was accepted",
    [ACCEPTED_NOW] = "would be accepted, and was refused",
    [UNDECIDED] = "cannot be told: the kind was not asked then"
};

struct outcome {
    enum change change;
    int64_t time;
    char jkt[JKT_SHOWN + 1];
    char build[BUILD_SHOWN + 1];
    char version[LABEL_MAX + 1];
    char *reasons;
};

struct trial {
    const char *client_id;
    struct policy policy;
    const char *states[STATES_MAX]; /* BUILD_ID=STATE */
    size_t state_count;
    size_t read, strange, counts[CHANGE_COUNT];
    size_t outcome_count, outcome_cap;
    struct outcome *outcomes; /* those that are not the same */
};

/* --- one appraisal --- */

static void apply_states(const struct trial *t, struct recorded *r)
{
    size_t len = strlen(r->build);

    for (size_t i = 0; i < t->state_count; i++)
        if (strncmp(t->states[i], r->build, len) == 0 && t->states[i][len] == '=')
            (void)!build_state_read(t->states[i] + len + 1, &r->found.state);
}

/* A kind that the policy asks and that was not asked then; PROBE_KIND_COUNT if there is none. */
static size_t kind_not_asked(const struct policy *policy, const struct appraisal *found)
{
    bool asked[PROBE_KIND_COUNT] = { false };

    for (uint32_t i = 0; i < found->claim_count; i++)
        asked[found->claims[i].kind] = true;
    for (size_t kind = 0; kind < PROBE_KIND_COUNT; kind++)
        if (!asked[kind] && policy_requirement(policy, (enum probe_kind)kind) == POLICY_REQUIRED)
            return kind;
    return PROBE_KIND_COUNT;
}

static enum change change_of(const struct trial *t, const struct recorded *r,
                             struct verdict *verdict)
{
    policy_decide(&t->policy, &r->found, verdict);
    size_t kind = kind_not_asked(&t->policy, &r->found);
    if (verdict->accepted && kind < PROBE_KIND_COUNT) {
        snprintf(verdict->reasons, sizeof verdict->reasons, "%s",
                 probe_kind_name((enum probe_kind)kind));
        return UNDECIDED;
    }
    if (verdict->accepted == r->accepted)
        return SAME;
    return verdict->accepted ? ACCEPTED_NOW : REFUSED_NOW;
}

static enum status keep(struct trial *t, const struct recorded *r, enum change change,
                        const char *reasons)
{
    if (t->outcome_count == t->outcome_cap) {
        size_t cap = t->outcome_cap ? 2 * t->outcome_cap : 64;
        struct outcome *more = realloc(t->outcomes, cap * sizeof *more);
        if (!more)
            return ST_NO_MEMORY;
        t->outcomes = more;
        t->outcome_cap = cap;
    }
    struct outcome *o = &t->outcomes[t->outcome_count];
    *o = (struct outcome){ .change = change, .time = r->time, .reasons = strdup(reasons) };
    snprintf(o->jkt, sizeof o->jkt, "%.*s", JKT_SHOWN, r->jkt);
    snprintf(o->build, sizeof o->build, "%.*s", BUILD_SHOWN, r->build);
    snprintf(o->version, sizeof o->version, "%s", r->version);
    t->outcome_count += o->reasons != NULL;
    return o->reasons ? ST_OK : ST_NO_MEMORY;
}

static enum status try_line(struct trial *t, struct slice line)
{
    struct verdict verdict;
    struct recorded r;

    if (recorded_decode(line, &r)) {
        t->strange++;
        return ST_OK;
    }
    if (strcmp(r.client_id, t->client_id) != 0)
        return ST_OK;
    t->read++;
    apply_states(t, &r);
    enum change change = change_of(t, &r, &verdict);
    t->counts[change]++;
    return change == SAME ? ST_OK : keep(t, &r, change, verdict.reasons);
}

/* --- files --- */

static enum status try_lines(struct trial *t, FILE *file)
{
    enum status st = ST_OK;
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;

    while (!st && (len = getline(&line, &cap, file)) > 0) {
        size_t text = line[len - 1] == '\n' ? (size_t)len - 1 : (size_t)len;
        st = try_line(t, (struct slice){ (const uint8_t *)line, text });
    }
    free(line);
    return st;
}

static int try_file(struct trial *t, const char *path)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");

    if (!file) {
        fprintf(stderr, "attestctl: %s: %s\n", path, strerror(errno));
        return EXIT_REFUSED;
    }
    enum status st = try_lines(t, file);
    if (file != stdin)
        fclose(file);
    return st ? command_refused("no memory") : 0;
}

/* --- the report: those of one instance and build with the same reasons are one --- */

static int compare(const void *a, const void *b)
{
    const struct outcome *x = a, *y = b;
    int order = (int)x->change - (int)y->change;

    if (!order)
        order = strcmp(x->jkt, y->jkt);
    if (!order)
        order = strcmp(x->build, y->build);
    if (!order)
        order = strcmp(x->reasons, y->reasons);
    return order ? order : (x->time > y->time) - (x->time < y->time);
}

static bool is_alike(const struct outcome *x, const struct outcome *y)
{
    return x->change == y->change && strcmp(x->jkt, y->jkt) == 0 &&
           strcmp(x->build, y->build) == 0 && strcmp(x->reasons, y->reasons) == 0;
}

static void show_group(const struct outcome *last, size_t count)
{
    char when[40];
    struct tm utc;
    time_t time = (time_t)last->time;

    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&time, &utc));
    printf("  instance %s  build %s %s  %zu, last %s%s%s\n", last->jkt, last->build, last->version,
           count, when, last->reasons[0] ? "\n      " : "", last->reasons);
}

static void show_groups(const struct trial *t)
{
    size_t count = 0;

    for (size_t i = 0; i < t->outcome_count; i++) {
        const struct outcome *o = &t->outcomes[i];
        if (i == 0 || t->outcomes[i - 1].change != o->change)
            printf("%s:\n", titles[o->change]);
        count++;
        if (i + 1 < t->outcome_count && is_alike(o, o + 1))
            continue;
        show_group(o, count);
        count = 0;
    }
}

static void report(struct trial *t)
{
    if (t->outcome_count)
        qsort(t->outcomes, t->outcome_count, sizeof t->outcomes[0], compare);
    show_groups(t);
    printf("%zu appraisals of %s: %zu as before, %zu refused now, %zu accepted now, %zu cannot be "
           "told\n",
           t->read, t->client_id, t->counts[SAME], t->counts[REFUSED_NOW], t->counts[ACCEPTED_NOW],
           t->counts[UNDECIDED]);
    if (t->strange)
        printf("%zu lines were no recorded appraisals\n", t->strange);
}

/* --- the command --- */

static bool is_state(const char *text)
{
    const char *word = strchr(text, '=');
    enum build_state state;

    return word && word - text <= BUILD_ID_TEXT_MAX && !build_state_read(word + 1, &state);
}

/* The app's policy as it is, with what is to be tried. */
static int make_policy(const struct command_line *line, struct trial *t,
                       const char *const *assignments, size_t count)
{
    char why[WHY_MAX];
    struct app app;

    for (size_t i = 0; i < t->state_count; i++)
        if (!is_state(t->states[i]))
            return command_refused("--build takes BUILD_ID=active, deprecated or revoked");
    if (registry_read_app(line->registry, t->client_id, &app, why, sizeof why))
        return command_refused(why);
    t->policy = app.policy;
    registry_app_clear(&app);
    for (size_t i = 0; i < count; i++) {
        uint64_t stated = 0;
        if (policy_key_assign(&t->policy, &stated, assignments[i], why, sizeof why))
            return command_refused(why);
    }
    return 0;
}

static void clear(struct trial *t)
{
    for (size_t i = 0; i < t->outcome_count; i++)
        free(t->outcomes[i].reasons);
    free(t->outcomes);
}

int command_policy_try(const struct command_line *line)
{
    const char *files[FILES_MAX] = { "-" }, *assignments[POLICY_KEY_COUNT];
    struct trial t = { .client_id = NULL };
    struct option_value options[] = {
        { .name = "--recorded", .values = files, .max = FILES_MAX },
        { .name = "--policy", .values = assignments, .max = POLICY_KEY_COUNT },
        { .name = "--build", .values = t.states, .max = STATES_MAX }
    };

    if (!command_parse(line, options, 3, &t.client_id, 1, 1) || !command_needs_registry(line))
        return EXIT_USAGE;
    t.state_count = options[2].count;
    int code = make_policy(line, &t, assignments, options[1].count);
    size_t count = options[0].count ? options[0].count : 1;
    for (size_t i = 0; i < count && !code; i++)
        code = try_file(&t, files[i]);
    if (!code)
        report(&t);
    clear(&t);
    return code;
}
