#include "registry_load.h"

#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry_app.h"

enum {
    READERS_MAX = 8,
    FEW = 32 /* apps for which no thread need be started */
};

struct names {
    size_t count;
    char **names;
};

/* What the readers share. Apps are handed out in the order of their names in the folder; of those
 * that fail the first one in it is told, whoever was faster. */
struct reading {
    const char *folder;
    const struct token_keys *keys;
    const struct names *names;
    struct app **apps; /* one for each name */
    atomic_size_t next;
    pthread_mutex_t lock; /* of what follows */
    size_t failed;
    enum status st;
    char why[WHY_MAX];
};

/* --- names --- */

static enum status add_name(void *arg, const char *folder, const char *name)
{
    struct names *list = arg;

    (void)folder;
    /* Grown by doubling: ten thousand apps are no reason for ten thousand copies. */
    if ((list->count & (list->count + 1)) == 0) {
        char **more = realloc(list->names, (2 * list->count + 2) * sizeof *more);
        if (!more)
            return ST_NO_MEMORY;
        list->names = more;
    }
    list->names[list->count] = strdup(name);
    if (!list->names[list->count])
        return ST_NO_MEMORY;
    list->count++;
    return ST_OK;
}

static void clear_names(struct names *list)
{
    while (list->count)
        free(list->names[--list->count]);
    free(list->names);
}

/* --- one app --- */

static enum status give_keys(const struct token_keys *keys, struct app *app, char *why,
                             size_t why_cap)
{
    app->keys = token_keys_of(keys, app->token_alg);
    if (app->keys || app->token_alg == JWT_HS256)
        return ST_OK;
    snprintf(
        why, why_cap,
        "%s: token_alg is %s, but there is no such key: attestctl key rotate --alg %s makes one",
        app->client_id, jwt_alg_name(app->token_alg), jwt_alg_name(app->token_alg));
    return ST_INVALID;
}

static enum status read_app(const struct reading *r, const char *name, struct app **out, char *why,
                            size_t why_cap)
{
    char path[PATH_MAX];
    struct app *app = malloc(sizeof *app);

    if (!app)
        return ST_NO_MEMORY;
    snprintf(path, sizeof path, "%s/%s", r->folder, name);
    enum status st = registry_app_read(path, name, app, why, why_cap);
    if (!st) {
        st = give_keys(r->keys, app, why, why_cap);
        if (st)
            registry_app_clear(app);
    }
    if (st)
        free(app);
    else
        *out = app;
    return st;
}

/* --- all of them --- */

static void note_failure(struct reading *r, size_t at, enum status st, const char *why)
{
    pthread_mutex_lock(&r->lock);
    if (!r->st || at < r->failed) {
        r->failed = at;
        r->st = st;
        snprintf(r->why, sizeof r->why, "%s", why);
    }
    pthread_mutex_unlock(&r->lock);
    atomic_store(&r->next, r->names->count); /* no more are handed out */
}

static void *read_some(void *arg)
{
    struct reading *r = arg;
    char why[WHY_MAX];

    for (;;) {
        size_t at = atomic_fetch_add(&r->next, 1);
        if (at >= r->names->count)
            return NULL;
        snprintf(why, sizeof why, "%s: out of memory", r->folder);
        enum status st = read_app(r, r->names->names[at], &r->apps[at], why, sizeof why);
        if (st)
            note_failure(r, at, st, why);
    }
}

/* Besides the thread that asks. */
static size_t helpers_wanted(size_t apps)
{
    cpu_set_t cores;

    if (apps <= FEW || sched_getaffinity(0, sizeof cores, &cores) != 0)
        return 0;
    size_t count = (size_t)CPU_COUNT(&cores);
    return (count < READERS_MAX ? count : READERS_MAX) - 1;
}

/* Signals are for those threads that live on. Where no thread can be had, there are fewer. */
static void read_together(struct reading *r)
{
    pthread_t helpers[READERS_MAX];
    size_t wanted = helpers_wanted(r->names->count), count = 0;
    sigset_t all, former;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &former);
    while (count < wanted && pthread_create(&helpers[count], NULL, read_some, r) == 0)
        count++;
    pthread_sigmask(SIG_SETMASK, &former, NULL);
    read_some(r);
    while (count)
        pthread_join(helpers[--count], NULL);
}

static enum status load(struct reading *r, struct app_list *out, char *why, size_t why_cap)
{
    r->apps = calloc(r->names->count + 1, sizeof(struct app *));
    if (!r->apps)
        return ST_NO_MEMORY;
    pthread_mutex_init(&r->lock, NULL);
    read_together(r);
    pthread_mutex_destroy(&r->lock);
    *out = (struct app_list){ r->names->count, r->apps };
    if (!r->st)
        return ST_OK;
    snprintf(why, why_cap, "%s", r->why);
    app_list_clear(out);
    return r->st;
}

enum status registry_load(const char *folder, const struct token_keys *keys, struct app_list *out,
                          char *why, size_t why_cap)
{
    struct names names = { 0, NULL };
    struct reading reading = { .folder = folder, .keys = keys, .names = &names };
    enum status st = registry_each(folder, add_name, &names, why, why_cap);

    *out = (struct app_list){ 0, NULL };
    if (!st)
        st = load(&reading, out, why, why_cap);
    clear_names(&names);
    return st;
}

void app_list_clear(struct app_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->apps[i])
            registry_app_clear(list->apps[i]);
        free(list->apps[i]);
    }
    free(list->apps);
    *list = (struct app_list){ 0, NULL };
}
