#include "registry.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry_app.h"

/* Every build of every app, found by its tag: open addressing over twice as many slots. */
struct slot {
    struct build_tag tag;
    const struct app *app; /* NULL: empty */
    const struct build *build;
};

struct registry {
    struct token_keys *keys;
    size_t count;
    struct app **apps; /* sorted by client id */
    size_t slot_count; /* a power of two */
    struct slot *slots;
};

struct build_tag build_tag_of(struct slice client_id, const struct build_id *build)
{
    uint8_t text[CLIENT_ID_MAX + 1 + BUILD_ID_MAX];
    struct writer w = writer_over(text, sizeof text);
    struct build_tag tag;

    writer_put(&w, client_id);
    writer_byte(&w, 0); /* no client id holds one */
    writer_put(&w, (struct slice){ build->bytes, build->len });
    struct digest hash = crypto_sha256(writer_slice(&w));
    memcpy(tag.bytes, hash.bytes, sizeof tag.bytes);
    return tag;
}

struct reading {
    struct registry *registry;
    char *why;
    size_t why_cap;
};

static enum status add_app(struct registry *r, struct app *app)
{
    /* Grown by doubling: ten thousand apps are no reason for ten thousand copies. */
    if ((r->count & (r->count + 1)) == 0) {
        struct app **more = realloc(r->apps, (2 * r->count + 2) * sizeof *more);
        if (!more)
            return ST_NO_MEMORY;
        r->apps = more;
    }
    r->apps[r->count++] = app;
    return ST_OK;
}

static enum status give_keys(const struct reading *reading, struct app *app)
{
    app->keys = token_keys_of(reading->registry->keys, app->token_alg);
    if (app->keys || app->token_alg == JWT_HS256)
        return ST_OK;
    snprintf(
        reading->why, reading->why_cap,
        "%s: token_alg is %s, but there is no such key: attestctl key rotate --alg %s makes one",
        app->client_id, jwt_alg_name(app->token_alg), jwt_alg_name(app->token_alg));
    return ST_INVALID;
}

static enum status read_app(void *arg, const char *folder, const char *name)
{
    struct reading *reading = arg;
    char path[PATH_MAX];
    struct app *app = malloc(sizeof *app);

    if (!app)
        return ST_NO_MEMORY;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    enum status st = registry_app_read(path, name, app, reading->why, reading->why_cap);
    if (!st) {
        st = give_keys(reading, app);
        if (!st)
            st = add_app(reading->registry, app);
        if (st)
            registry_app_clear(app);
    }
    if (st)
        free(app);
    return st;
}

static int compare_apps(const void *a, const void *b)
{
    return strcmp((*(struct app *const *)a)->client_id, (*(struct app *const *)b)->client_id);
}

static struct slot *slot_of(const struct registry *r, const struct build_tag *tag)
{
    size_t at;

    memcpy(&at, tag->bytes, sizeof at);
    for (at &= r->slot_count - 1; r->slots[at].app; at = (at + 1) & (r->slot_count - 1))
        if (memcmp(r->slots[at].tag.bytes, tag->bytes, sizeof tag->bytes) == 0)
            break;
    return &r->slots[at];
}

static void index_app(struct registry *r, const struct app *app)
{
    for (size_t i = 0; i < app->build_count; i++) {
        struct build_tag tag = build_tag_of(slice_of(app->client_id), &app->builds[i].id);
        *slot_of(r, &tag) = (struct slot){ tag, app, &app->builds[i] };
    }
}

static enum status index_builds(struct registry *r)
{
    size_t builds = 0;

    for (size_t i = 0; i < r->count; i++)
        builds += r->apps[i]->build_count;
    r->slot_count = 2;
    while (r->slot_count < 2 * builds + 1)
        r->slot_count *= 2;
    r->slots = calloc(r->slot_count, sizeof *r->slots);
    if (!r->slots)
        return ST_NO_MEMORY;
    for (size_t i = 0; i < r->count; i++)
        index_app(r, r->apps[i]);
    return ST_OK;
}

enum status registry_read(const char *folder, struct registry **out, char *why, size_t why_cap)
{
    struct registry *r = calloc(1, sizeof *r);
    struct reading reading = { r, why, why_cap };

    if (!r)
        return ST_NO_MEMORY;
    snprintf(why, why_cap, "%s: out of memory", folder);
    enum status st = token_keys_read(folder, &r->keys, why, why_cap);
    if (!st)
        st = registry_each(folder, read_app, &reading, why, why_cap);
    if (!st && r->count)
        qsort(r->apps, r->count, sizeof r->apps[0], compare_apps);
    if (!st)
        st = index_builds(r);
    if (st)
        registry_free(r);
    else
        *out = r;
    return st;
}

void registry_free(struct registry *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->count; i++) {
        registry_app_clear(r->apps[i]);
        free(r->apps[i]);
    }
    free(r->apps);
    free(r->slots);
    token_keys_free(r->keys);
    free(r);
}

size_t registry_count(const struct registry *r)
{
    return r->count;
}

const struct app *registry_app_at(const struct registry *r, size_t i)
{
    return r->apps[i];
}

const struct token_keys *registry_keys(const struct registry *r)
{
    return r->keys;
}

static int compare_name(const void *name, const void *app)
{
    return strcmp(name, (*(struct app *const *)app)->client_id);
}

const struct app *registry_app(const struct registry *r, struct slice client_id)
{
    char name[CLIENT_ID_MAX + 1];

    if (r->count == 0 || slice_copy_text(client_id, name, sizeof name))
        return NULL;
    struct app **found = bsearch(name, r->apps, r->count, sizeof r->apps[0], compare_name);
    return found ? *found : NULL;
}

const struct build *app_build(const struct app *app, const struct build_id *id)
{
    for (size_t i = 0; i < app->build_count; i++)
        if (build_id_equal(&app->builds[i].id, id))
            return &app->builds[i];
    return NULL;
}

bool registry_find(const struct registry *r, const struct build_tag *tag, const struct app **app,
                   const struct build **build)
{
    const struct slot *slot = slot_of(r, tag);

    *app = slot->app;
    *build = slot->build;
    return slot->app != NULL;
}
