#include "registry_app.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app_audience.h"
#include "msg_challenge.h"
#include "policy_key.h"
#include "record.h"
#include "registry_build.h"
#include "registry_private.h"

enum { BUILDS_MAX = 4096 };

/* --- app.conf: a name, how tokens are signed and for whom, and every setting of a policy --- */

/* Behind the policy's keys. */
enum { NAME = POLICY_KEY_COUNT, TOKEN_ALG, AUDIENCES, KEY_COUNT };
_Static_assert((int)KEY_COUNT <= (int)RECORD_KEYS_MAX, "a table of keys");

static enum status take_name(struct app *app, const char *name, char *why, size_t why_cap)
{
    if (!slice_copy_text(slice_of(name), app->name, sizeof app->name))
        return ST_OK;
    snprintf(why, why_cap, "name: longer than %d bytes", APP_NAME_MAX);
    return ST_INVALID;
}

static enum status take_alg(struct app *app, const char *alg, char *why, size_t why_cap)
{
    if (!jwt_alg_find(slice_of(alg), &app->token_alg))
        return ST_OK;
    snprintf(why, why_cap, "token_alg: none of HS256, ES256 and EdDSA");
    return ST_INVALID;
}

static enum status take_item(void *arg, const struct record_item *item, char *why, size_t why_cap)
{
    struct app *app = arg;

    switch (item->key) {
    case NAME:
        return take_name(app, item->value.text, why, why_cap);
    case TOKEN_ALG:
        return take_alg(app, item->value.text, why, why_cap);
    case AUDIENCES:
        return app_audience_add(app, item->value.text, why, why_cap);
    default:
        app->stated |= UINT64_C(1) << item->key;
        return policy_key_set(&app->policy, item->key, item->value.text, why, why_cap);
    }
}

static enum status parse_conf(struct record_text *text, const char *path, struct app *out,
                              char *why, size_t why_cap)
{
    struct record_key keys[KEY_COUNT + 1] = { [NAME] = { "name", RECORD_TEXT, NULL },
                                              [TOKEN_ALG] = { "token_alg", RECORD_TEXT, NULL },
                                              [AUDIENCES] = { "audiences", RECORD_TEXTS, NULL } };

    for (size_t key = 0; key < POLICY_KEY_COUNT; key++)
        keys[key] = (struct record_key){ policy_key_name(key), RECORD_TEXT, NULL };
    out->policy = POLICY_DEFAULT;
    out->token_alg = JWT_HS256;
    return record_parse(text, path, keys, take_item, out, why, why_cap);
}

static enum status read_conf(const char *folder, struct sources *sources, struct app *out,
                             char *why, size_t why_cap)
{
    char path[PATH_MAX];
    struct record_text text;
    size_t size;
    int fd;

    snprintf(path, sizeof path, "%s/app.conf", folder);
    enum status st = registry_open(path, sources, &fd, &size, why, why_cap);
    if (st)
        return st;
    st = record_load(fd, size, path, &text, why, why_cap);
    close(fd);
    return st ? st : parse_conf(&text, path, out, why, why_cap);
}

enum status registry_app_read_conf(const char *folder, struct app *out, char *why, size_t why_cap)
{
    return read_conf(folder, NULL, out, why, why_cap);
}

/* --- its builds and secrets --- */

struct reading {
    struct app *app;
    struct sources *sources;
    char *why;
    size_t why_cap;
};

static enum status read_build(void *arg, const char *folder, const char *name)
{
    struct reading *r = arg;
    struct app *app = r->app;
    char path[PATH_MAX];

    struct build *more = app->build_count < BUILDS_MAX
                             ? realloc(app->builds, (app->build_count + 1) * sizeof *more)
                             : NULL;
    if (!more) {
        snprintf(r->why, r->why_cap, "%s: too many builds", folder);
        return ST_TOO_LARGE;
    }
    app->builds = more;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    enum status st = registry_enter(path, r->sources, r->why, r->why_cap);
    if (!st)
        st = registry_build_read(path, name, r->sources, &more[app->build_count], r->why,
                                 r->why_cap);
    if (!st)
        app->build_count++;
    return st;
}

static enum status read_builds(const char *folder, struct sources *sources, struct app *out,
                               char *why, size_t why_cap)
{
    struct reading reading = { out, sources, why, why_cap };
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/builds", folder);
    return registry_each(path, sources, read_build, &reading, why, why_cap);
}

static enum status read_keyring(const char *folder, struct sources *sources, struct app *out,
                                char *why, size_t why_cap)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/secrets", folder);
    return keyring_read_noted(path, sources, &out->keyring, why, why_cap);
}

enum status registry_app_read_noted(const char *folder, const char *client_id,
                                    struct sources *sources, struct app *out, char *why,
                                    size_t why_cap)
{
    enum status st = registry_enter(folder, sources, why, why_cap);

    *out = (struct app){ 0 };
    if (!st && !client_id_ok(slice_of(client_id))) {
        snprintf(why, why_cap, "%s: not a client id", folder);
        st = ST_INVALID;
    }
    if (!st)
        st = read_conf(folder, sources, out, why, why_cap);
    if (!st)
        st = slice_copy_text(slice_of(client_id), out->client_id, sizeof out->client_id);
    if (!st)
        st = read_keyring(folder, sources, out, why, why_cap);
    if (!st)
        st = read_builds(folder, sources, out, why, why_cap);
    if (st)
        registry_app_clear(out);
    return st;
}

enum status registry_app_read(const char *folder, const char *client_id, struct app *out, char *why,
                              size_t why_cap)
{
    return registry_app_read_noted(folder, client_id, NULL, out, why, why_cap);
}

enum status registry_read_app(const char *registry, const char *client_id, struct app *out,
                              char *why, size_t why_cap)
{
    char folder[PATH_MAX];

    *out = (struct app){ 0 };
    enum status st = registry_check_private(registry, why, why_cap);
    if (st)
        return st;
    snprintf(folder, sizeof folder, "%s/%s", registry, client_id);
    if (client_id_ok(slice_of(client_id)) && client_id[0] != '.' && access(folder, F_OK) == 0)
        return registry_app_read(folder, client_id, out, why, why_cap);
    snprintf(why, why_cap, "%s: no such app is registered", client_id);
    return ST_NOT_FOUND;
}

void registry_app_clear(struct app *app)
{
    for (size_t i = 0; i < app->build_count; i++)
        registry_build_clear(&app->builds[i]);
    free(app->builds);
    app_audiences_clear(app);
    keyring_free(app->keyring);
    *app = (struct app){ 0 };
}
