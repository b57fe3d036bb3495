#include "registry_app.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app_audience.h"
#include "config.h"
#include "msg_challenge.h"
#include "policy_key.h"
#include "registry_build.h"

enum { BUILDS_MAX = 4096 };

enum status registry_check_private(const char *path, char *why, size_t why_cap)
{
    struct stat info;

    if (lstat(path, &info) != 0) {
        snprintf(why, why_cap, "%s: %s", path, strerror(errno));
        return errno == ENOENT ? ST_NOT_FOUND : ST_IO;
    }
    if (S_ISLNK(info.st_mode) || info.st_mode & (S_IRWXG | S_IRWXO)) {
        snprintf(why, why_cap, "%s: group or others may use it; chmod go-rwx", path);
        return ST_DENIED;
    }
    if (info.st_uid != geteuid() && info.st_uid != 0) {
        snprintf(why, why_cap, "%s: it belongs to somebody else", path);
        return ST_DENIED;
    }
    return ST_OK;
}

enum status registry_each(const char *folder, registry_name_fn *fn, void *arg, char *why,
                          size_t why_cap)
{
    enum status st = registry_check_private(folder, why, why_cap);

    if (st)
        return st;
    DIR *dir = opendir(folder);
    if (!dir) {
        snprintf(why, why_cap, "%s: %s", folder, strerror(errno));
        return ST_IO;
    }
    for (struct dirent *entry = readdir(dir); entry && !st; entry = readdir(dir))
        if (entry->d_name[0] != '.')
            st = fn(arg, folder, entry->d_name);
    closedir(dir);
    return st;
}

static enum status read_policy(cfg_t *cfg, struct app *out, char *why, size_t why_cap)
{
    enum status st = ST_OK;

    out->policy = POLICY_DEFAULT;
    for (size_t key = 0; !st && key < POLICY_KEY_COUNT; key++) {
        const char *value = cfg_getstr(cfg, policy_key_name(key));
        if (!value)
            continue;
        out->stated |= UINT64_C(1) << key;
        st = policy_key_set(&out->policy, key, value, why, why_cap);
    }
    return st;
}

static enum status read_tokens(cfg_t *cfg, struct app *out, char *why, size_t why_cap)
{
    enum status st = ST_OK;

    if (jwt_alg_find(slice_of(cfg_getstr(cfg, "token_alg")), &out->token_alg)) {
        snprintf(why, why_cap, "token_alg: none of HS256, ES256 and EdDSA");
        return ST_INVALID;
    }
    for (unsigned i = 0; i < cfg_size(cfg, "audiences") && !st; i++)
        st = app_audience_add(out, cfg_getnstr(cfg, "audiences", i), why, why_cap);
    return st;
}

static enum status read_settings(cfg_t *cfg, struct app *out, char *why, size_t why_cap)
{
    if (slice_copy_text(slice_of(cfg_getstr(cfg, "name")), out->name, sizeof out->name)) {
        snprintf(why, why_cap, "name: longer than %d bytes", APP_NAME_MAX);
        return ST_INVALID;
    }
    enum status st = read_policy(cfg, out, why, why_cap);
    return st ? st : read_tokens(cfg, out, why, why_cap);
}

/* A name, how tokens are signed and for whom, and every setting of a policy. */
static enum status parse_conf(const char *path, cfg_t **out, char *why, size_t why_cap)
{
    const cfg_opt_t others[] = { CFG_STR("name", "", CFGF_NONE),
                                 CFG_STR("token_alg", "HS256", CFGF_NONE),
                                 CFG_STR_LIST("audiences", (char *)"{}", CFGF_NONE), CFG_END() };
    cfg_opt_t opts[POLICY_KEY_COUNT + sizeof others / sizeof *others];

    for (size_t key = 0; key < POLICY_KEY_COUNT; key++)
        opts[key] = (cfg_opt_t)CFG_STR(policy_key_name(key), NULL, CFGF_NONE);
    memcpy(opts + POLICY_KEY_COUNT, others, sizeof others);
    return config_parse(path, opts, out, why, why_cap);
}

enum status registry_app_read_conf(const char *folder, struct app *out, char *why, size_t why_cap)
{
    char path[PATH_MAX], reason[WHY_MAX] = "";
    cfg_t *cfg;

    snprintf(path, sizeof path, "%s/app.conf", folder);
    enum status st = registry_check_private(path, why, why_cap);
    if (!st)
        st = parse_conf(path, &cfg, why, why_cap);
    if (st)
        return st;
    st = read_settings(cfg, out, reason, sizeof reason);
    if (st)
        snprintf(why, why_cap, "%s: %s", path, reason);
    cfg_free(cfg);
    return st;
}

struct reading {
    struct app *app;
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
    enum status st = registry_check_private(path, r->why, r->why_cap);
    if (!st)
        st = registry_build_read(path, name, &more[app->build_count], r->why, r->why_cap);
    if (!st)
        app->build_count++;
    return st;
}

static enum status read_builds(const char *folder, struct app *out, char *why, size_t why_cap)
{
    struct reading reading = { out, why, why_cap };
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/builds", folder);
    return registry_each(path, read_build, &reading, why, why_cap);
}

static enum status read_keyring(const char *folder, struct app *out, char *why, size_t why_cap)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/secrets", folder);
    return keyring_read(path, &out->keyring, why, why_cap);
}

enum status registry_app_read(const char *folder, const char *client_id, struct app *out, char *why,
                              size_t why_cap)
{
    enum status st = registry_check_private(folder, why, why_cap);

    *out = (struct app){ 0 };
    if (!st && !client_id_ok(slice_of(client_id))) {
        snprintf(why, why_cap, "%s: not a client id", folder);
        st = ST_INVALID;
    }
    if (!st)
        st = slice_copy_text(slice_of(client_id), out->client_id, sizeof out->client_id);
    if (!st)
        st = registry_app_read_conf(folder, out, why, why_cap);
    if (!st)
        st = read_keyring(folder, out, why, why_cap);
    if (!st)
        st = read_builds(folder, out, why, why_cap);
    if (st)
        registry_app_clear(out);
    return st;
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
