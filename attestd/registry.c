#include "registry.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry_app.h"
#include "registry_private.h"

/* Every build of every app, found by its tag: open addressing over twice as many slots. */
struct slot {
    struct build_tag tag;
    const struct app *app; /* NULL: empty */
    const struct build *build;
};

/* An app in all registries that were read while it was as it is. */
struct entry {
    _Atomic unsigned holders;
    struct sources sources;
    struct app app;
};

struct registry {
    struct token_keys *keys;
    size_t count;
    struct entry **entries; /* sorted by client id */
    size_t slot_count;      /* a power of two */
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

/* --- apps, shared with other registries --- */

static struct entry *entry_hold(struct entry *e)
{
    atomic_fetch_add_explicit(&e->holders, 1, memory_order_relaxed);
    return e;
}

static void entry_drop(struct entry *e)
{
    if (atomic_fetch_sub_explicit(&e->holders, 1, memory_order_acq_rel) != 1)
        return;
    registry_app_clear(&e->app);
    sources_clear(&e->sources);
    free(e);
}

struct reading {
    struct registry *registry;
    const struct registry *former;
    struct sources sources; /* of the folder itself */
    char *why;
    size_t why_cap;
};

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

static enum status read_entry(const struct reading *r, const char *path, const char *name,
                              struct entry **out)
{
    struct entry *e = malloc(sizeof *e);

    if (!e)
        return ST_NO_MEMORY;
    atomic_init(&e->holders, 1);
    e->sources = sources_begin_below(&r->sources, path);
    enum status st = registry_app_read_noted(path, name, &e->sources, &e->app, r->why, r->why_cap);
    if (!st)
        st = give_keys(r, &e->app);
    sources_end(&e->sources);
    if (st)
        entry_drop(e);
    else
        *out = e;
    return st;
}

static int compare_name(const void *name, const void *entry)
{
    return strcmp(name, (*(struct entry *const *)entry)->app.client_id);
}

static struct entry *find(const struct registry *r, const char *name)
{
    struct entry **found =
        r->count ? bsearch(name, r->entries, r->count, sizeof r->entries[0], compare_name) : NULL;

    return found ? *found : NULL;
}

/* NULL if there is none, or it would not be the same now. */
static struct entry *find_unchanged(const struct reading *r, const char *path, const char *name)
{
    struct entry *e = r->former ? find(r->former, name) : NULL;

    if (!e || e->app.keys != token_keys_of(r->registry->keys, e->app.token_alg) ||
        !sources_unchanged(&e->sources, path))
        return NULL;
    return e;
}

static enum status add_entry(struct registry *r, struct entry *e)
{
    /* Grown by doubling: ten thousand apps are no reason for ten thousand copies. */
    if ((r->count & (r->count + 1)) == 0) {
        struct entry **more = realloc(r->entries, (2 * r->count + 2) * sizeof *more);
        if (!more)
            return ST_NO_MEMORY;
        r->entries = more;
    }
    r->entries[r->count++] = e;
    return ST_OK;
}

static enum status read_app(void *arg, const char *folder, const char *name)
{
    const struct reading *r = arg;
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    struct entry *e = find_unchanged(r, path, name);
    enum status st = ST_OK;
    if (e)
        entry_hold(e);
    else
        st = read_entry(r, path, name, &e);
    if (st)
        return st;
    st = add_entry(r->registry, e);
    if (st)
        entry_drop(e);
    return st;
}

static int compare_entries(const void *a, const void *b)
{
    return compare_name((*(struct entry *const *)a)->app.client_id, b);
}

/* --- builds by their tags --- */

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
        builds += r->entries[i]->app.build_count;
    r->slot_count = 2;
    while (r->slot_count < 2 * builds + 1)
        r->slot_count *= 2;
    r->slots = calloc(r->slot_count, sizeof *r->slots);
    if (!r->slots)
        return ST_NO_MEMORY;
    for (size_t i = 0; i < r->count; i++)
        index_app(r, &r->entries[i]->app);
    return ST_OK;
}

/* --- the whole --- */

static enum status read_folder(const char *folder, struct reading *reading)
{
    struct registry *r = reading->registry;
    enum status st = token_keys_renew(folder, reading->former ? reading->former->keys : NULL,
                                      &r->keys, reading->why, reading->why_cap);

    if (!st)
        st = registry_each(folder, &reading->sources, read_app, reading, reading->why,
                           reading->why_cap);
    if (!st && r->count)
        qsort(r->entries, r->count, sizeof r->entries[0], compare_entries);
    return st ? st : index_builds(r);
}

enum status registry_renew(const char *folder, const struct registry *former,
                           struct folder_watch *watch, struct registry **out, char *why,
                           size_t why_cap)
{
    struct registry *r = calloc(1, sizeof *r);
    struct reading reading = { r, former, sources_begin(folder, watch), why, why_cap };

    if (!r)
        return ST_NO_MEMORY;
    snprintf(why, why_cap, "%s: out of memory", folder);
    enum status st = read_folder(folder, &reading);
    sources_clear(&reading.sources);
    if (st)
        registry_free(r);
    else
        *out = r;
    return st;
}

enum status registry_read(const char *folder, struct registry **out, char *why, size_t why_cap)
{
    return registry_renew(folder, NULL, NULL, out, why, why_cap);
}

void registry_free(struct registry *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->count; i++)
        entry_drop(r->entries[i]);
    free(r->entries);
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
    return &r->entries[i]->app;
}

const struct token_keys *registry_keys(const struct registry *r)
{
    return r->keys;
}

const struct app *registry_app(const struct registry *r, struct slice client_id)
{
    char name[CLIENT_ID_MAX + 1];

    if (slice_copy_text(client_id, name, sizeof name))
        return NULL;
    const struct entry *e = find(r, name);
    return e ? &e->app : NULL;
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
