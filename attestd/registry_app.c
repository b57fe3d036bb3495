#include "registry_app.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "registry_build.h"

enum { LIFETIME_MIN = 1, LIFETIME_MAX = 86400, DEADLINE_MAX = 3600, BUILDS_MAX = 4096 };

static cfg_opt_t app_opts[] = { CFG_STR("name", "", CFGF_NONE),
                                CFG_INT("token_lifetime", 300, CFGF_NONE),
                                CFG_INT("answer_deadline", 10, CFGF_NONE),
                                CFG_STR("memory", "required", CFGF_NONE),
                                CFG_STR("file", "required", CFGF_NONE),
                                CFG_END() };

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

static enum status read_requirements(cfg_t *cfg, struct policy *out)
{
    for (int kind = 0; kind < PROBE_KIND_COUNT; kind++) {
        const char *word = cfg_getstr(cfg, probe_kind_name((enum probe_kind)kind));
        if (requirement_read(word, &out->kinds[kind]))
            return ST_INVALID;
    }
    return ST_OK;
}

static enum status read_settings(cfg_t *cfg, struct app *out, char *why, size_t why_cap)
{
    uint32_t lifetime, deadline;
    enum status st =
        config_int(cfg, "token_lifetime", LIFETIME_MIN, LIFETIME_MAX, &lifetime, why, why_cap);

    if (!st)
        st = config_int(cfg, "answer_deadline", 1, DEADLINE_MAX, &deadline, why, why_cap);
    if (st)
        return st;
    out->token_lifetime = lifetime;
    out->policy = POLICY_DEFAULT;
    out->policy.answer_deadline = deadline;
    if (slice_copy_text(slice_of(cfg_getstr(cfg, "name")), out->name, sizeof out->name)) {
        snprintf(why, why_cap, "name: longer than %d bytes", APP_NAME_MAX);
        return ST_INVALID;
    }
    if (read_requirements(cfg, &out->policy)) {
        snprintf(why, why_cap, "a probe's word is none of required, report and off");
        return ST_INVALID;
    }
    return ST_OK;
}

static enum status read_conf(const char *folder, struct app *out, char *why, size_t why_cap)
{
    char path[PATH_MAX], reason[WHY_MAX] = "";
    cfg_t *cfg;

    snprintf(path, sizeof path, "%s/app.conf", folder);
    enum status st = registry_check_private(path, why, why_cap);
    if (!st)
        st = config_parse(path, app_opts, &cfg, why, why_cap);
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
        st = read_conf(folder, out, why, why_cap);
    if (!st)
        st = read_keyring(folder, out, why, why_cap);
    if (!st)
        st = read_builds(folder, out, why, why_cap);
    if (st)
        registry_app_clear(out);
    return st;
}

void registry_app_clear(struct app *app)
{
    for (size_t i = 0; i < app->build_count; i++)
        registry_build_clear(&app->builds[i]);
    free(app->builds);
    keyring_free(app->keyring);
    *app = (struct app){ 0 };
}
