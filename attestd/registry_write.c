#include "registry_write.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "atomic_file.h"
#include "registry_app.h"
#include "registry_build.h"

enum { CONF_MAX = 4096, CLOCK_SKEW = 60 };

static enum status fail(enum status st, char *why, size_t why_cap, const char *path,
                        const char *reason)
{
    snprintf(why, why_cap, "%s: %s", path, reason);
    return st;
}

static enum status join(char out[static PATH_MAX], const char *a, const char *b)
{
    int n = snprintf(out, PATH_MAX, "%s/%s", a, b);

    return n > 0 && n < PATH_MAX ? ST_OK : ST_TOO_LARGE;
}

static enum status make_folder(const char *path, char *why, size_t why_cap)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return ST_OK;
    return fail(ST_IO, why, why_cap, path, strerror(errno));
}

/* A folder of a name that readers skip, beside where it will go. */
static enum status make_hidden(const char *parent, char out[static PATH_MAX], char *why,
                               size_t why_cap)
{
    if (join(out, parent, ".new-XXXXXX"))
        return fail(ST_TOO_LARGE, why, why_cap, parent, "the path is too long");
    return mkdtemp(out) ? ST_OK : fail(ST_IO, why, why_cap, parent, strerror(errno));
}

/* Removes a folder of ours: files, and folders of files. */
static void remove_folder(const char *path);

static enum status remove_entry(void *arg, const char *folder, const char *name)
{
    char path[PATH_MAX];

    (void)arg;
    if (!join(path, folder, name) && unlink(path) != 0 && errno == EISDIR)
        remove_folder(path);
    return ST_OK;
}

static void remove_folder(const char *path)
{
    char why[WHY_MAX];

    (void)!registry_each(path, remove_entry, NULL, why, sizeof why);
    rmdir(path);
}

/* A text in a configuration's quotes, in which ${NAME} would be read from the environment. */
static void write_text(struct writer *w, const char *value)
{
    writer_byte(w, '"');
    for (; *value; value++) {
        if (*value == '"' || *value == '\\' || *value == '$')
            writer_byte(w, '\\');
        writer_byte(w, (uint8_t)*value);
    }
    writer_byte(w, '"');
}

static void write_quoted(struct writer *w, const char *name, const char *value)
{
    writer_text(w, name);
    writer_text(w, " = ");
    write_text(w, value);
    writer_text(w, "\n");
}

static bool has_control(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ')
            return true;
    return false;
}

static enum status write_conf(const char *folder, const char *name, const struct writer *text,
                              char *why, size_t why_cap)
{
    char path[PATH_MAX];

    if (text->full || join(path, folder, name))
        return fail(ST_TOO_LARGE, why, why_cap, folder, "too long");
    if (atomic_file_write(path, writer_slice(text)))
        return fail(ST_IO, why, why_cap, path, strerror(errno));
    return ST_OK;
}

static enum status write_app_conf(const char *folder, const struct new_app *app, char *why,
                                  size_t why_cap)
{
    char text[CONF_MAX];
    struct writer w = writer_over(text, sizeof text);

    write_quoted(&w, "name", app->name);
    writer_text(&w, "token_lifetime = ");
    writer_decimal(&w, app->token_lifetime);
    writer_text(&w, "\n");
    return write_conf(folder, "app.conf", &w, why, why_cap);
}

static enum status fill_app(const char *folder, const struct new_app *app, int64_t now, char *why,
                            size_t why_cap)
{
    char secrets[PATH_MAX], builds[PATH_MAX], kid[KEYRING_KID_LEN + 1];

    if (join(secrets, folder, "secrets") || join(builds, folder, "builds"))
        return fail(ST_TOO_LARGE, why, why_cap, folder, "the path is too long");
    enum status st = write_app_conf(folder, app, why, why_cap);
    if (!st)
        st = make_folder(builds, why, why_cap);
    if (!st)
        st = keyring_rotate(secrets, app->secret, now, now, kid, why, why_cap);
    return st;
}

static enum status check_new_app(const struct new_app *app, char *why, size_t why_cap)
{
    if (!client_id_ok(slice_of(app->client_id)))
        return fail(ST_INVALID, why, why_cap, app->client_id,
                    "a client id is made of letters, digits and -._~, at most 128");
    if (strlen(app->name) > APP_NAME_MAX || has_control(app->name))
        return fail(ST_INVALID, why, why_cap, app->name, "a name is a line of at most 64 bytes");
    return ST_OK;
}

enum status registry_add_app(const char *registry, const struct new_app *app, int64_t now,
                             char *why, size_t why_cap)
{
    char hidden[PATH_MAX], place[PATH_MAX];
    enum status st = check_new_app(app, why, why_cap);

    if (!st && join(place, registry, app->client_id))
        st = fail(ST_TOO_LARGE, why, why_cap, registry, "the path is too long");
    if (!st)
        st = make_folder(registry, why, why_cap);
    if (!st)
        st = make_hidden(registry, hidden, why, why_cap);
    if (st)
        return st;
    st = fill_app(hidden, app, now, why, why_cap);
    /* rename() replaces no folder that has something in it, and every app's has. */
    if (!st && (st = atomic_file_move(hidden, place)))
        fail(st, why, why_cap, place, st == ST_EXISTS ? "is registered already" : strerror(errno));
    if (st)
        remove_folder(hidden);
    return st;
}

static enum status app_folder(const char *registry, const char *client_id,
                              char out[static PATH_MAX], char *why, size_t why_cap)
{
    if (!client_id_ok(slice_of(client_id)) || join(out, registry, client_id) ||
        access(out, F_OK) != 0)
        return fail(ST_NOT_FOUND, why, why_cap, client_id, "no such app is registered");
    return ST_OK;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static enum status copy_module(const char *folder, size_t n, const struct module *module, char *why,
                               size_t why_cap)
{
    char name[32], path[PATH_MAX];

    snprintf(name, sizeof name, "image.%zu", n);
    if (join(path, folder, name))
        return fail(ST_TOO_LARGE, why, why_cap, folder, "the path is too long");
    if (atomic_file_write(path, module->file))
        return fail(ST_IO, why, why_cap, path, strerror(errno));
    return ST_OK;
}

static void describe_module(struct writer *w, size_t n, const char *name)
{
    char file[32];

    snprintf(file, sizeof file, "image.%zu", n);
    writer_text(w, "module ");
    write_text(w, name);
    writer_text(w, " { ");
    write_quoted(w, "file", file);
    writer_text(w, "}\n");
}

static enum status write_build_conf(const char *folder, const struct build *build, char *why,
                                    size_t why_cap)
{
    char text[CONF_MAX];
    struct writer w = writer_over(text, sizeof text);

    write_quoted(&w, "label", build->label);
    write_quoted(&w, "state", build_state_name(build->state));
    for (size_t i = 0; i < build->module_count; i++)
        describe_module(&w, i, build->modules[i].name);
    return write_conf(folder, "build.conf", &w, why, why_cap);
}

static enum status fill_build(const char *folder, const struct build *build, char *why,
                              size_t why_cap)
{
    for (size_t i = 0; i < build->module_count; i++) {
        enum status st = copy_module(folder, i, &build->modules[i], why, why_cap);
        if (st)
            return st;
    }
    return write_build_conf(folder, build, why, why_cap);
}

/* A finished folder takes the place of an old one of the same build, if there is one. */
static enum status place_build(const char *hidden, const char *place, char *why, size_t why_cap)
{
    char old[PATH_MAX];
    enum status st = atomic_file_move(hidden, place);

    if (st == ST_EXISTS) {
        /* Exchanged in one step: readers see the one or the other. */
        if (renameat2(AT_FDCWD, hidden, AT_FDCWD, place, RENAME_EXCHANGE) != 0)
            return fail(ST_IO, why, why_cap, place, strerror(errno));
        snprintf(old, sizeof old, "%s", hidden);
        remove_folder(old);
        return ST_OK;
    }
    return st ? fail(st, why, why_cap, place, strerror(errno)) : ST_OK;
}

static enum status open_files(const char *const *files, size_t count, struct build *out, char *why,
                              size_t why_cap)
{
    if (count > MODULES_MAX)
        return fail(ST_TOO_LARGE, why, why_cap, files[0], "too many modules");
    for (; out->module_count < count; out->module_count++) {
        const char *path = files[out->module_count];
        if (has_control(base_name(path)) || strchr(base_name(path), '"'))
            return fail(ST_INVALID, why, why_cap, path, "a file name of odd characters");
        enum status st =
            module_open(path, base_name(path), &out->modules[out->module_count], why, why_cap);
        if (st)
            return st;
    }
    out->id = out->modules[0].image.build_id;
    return ST_OK;
}

static enum status store_build(const char *app, const struct build *build, char *why,
                               size_t why_cap)
{
    struct build_id_text id = build_id_text(&build->id);
    char builds[PATH_MAX], hidden[PATH_MAX], place[PATH_MAX];

    if (join(builds, app, "builds") || join(place, builds, id.text))
        return fail(ST_TOO_LARGE, why, why_cap, app, "the path is too long");
    enum status st = make_hidden(builds, hidden, why, why_cap);
    if (st)
        return st;
    st = fill_build(hidden, build, why, why_cap);
    if (!st)
        st = place_build(hidden, place, why, why_cap);
    if (st)
        remove_folder(hidden);
    return st;
}

enum status registry_add_build(const char *registry, const char *client_id, const char *label,
                               const char *const *files, size_t file_count, struct build_id *id,
                               char *why, size_t why_cap)
{
    struct build build = { .state = BUILD_ACTIVE };
    char app[PATH_MAX];
    enum status st = app_folder(registry, client_id, app, why, why_cap);

    if (!st &&
        (has_control(label) || slice_copy_text(slice_of(label), build.label, sizeof build.label)))
        st = fail(ST_INVALID, why, why_cap, label, "a label is a line of at most 64 bytes");
    if (!st)
        st = open_files(files, file_count, &build, why, why_cap);
    if (!st)
        st = store_build(app, &build, why, why_cap);
    *id = build.id;
    registry_build_clear(&build);
    return st;
}

enum status registry_set_state(const char *registry, const char *client_id, const char *name,
                               enum build_state state, char *why, size_t why_cap)
{
    char app[PATH_MAX], builds[PATH_MAX], folder[PATH_MAX];
    struct build_id id;
    struct build build;
    enum status st = app_folder(registry, client_id, app, why, why_cap);

    if (st)
        return st;
    if (build_id_read(slice_of(name), &id) || join(builds, app, "builds") ||
        join(folder, builds, name) || access(folder, F_OK) != 0)
        return fail(ST_NOT_FOUND, why, why_cap, name, "no such build is registered");
    st = registry_build_read(folder, name, &build, why, why_cap);
    if (st)
        return st;
    build.state = state;
    st = write_build_conf(folder, &build, why, why_cap);
    registry_build_clear(&build);
    return st;
}

enum status registry_rotate_secret(const char *registry, const char *client_id, struct slice secret,
                                   int64_t now, char *why, size_t why_cap)
{
    char folder[PATH_MAX], secrets[PATH_MAX], kid[KEYRING_KID_LEN + 1];
    struct app app;
    enum status st = app_folder(registry, client_id, folder, why, why_cap);

    if (!st && join(secrets, folder, "secrets"))
        st = fail(ST_TOO_LARGE, why, why_cap, folder, "the path is too long");
    if (!st)
        st = registry_app_read(folder, client_id, &app, why, why_cap);
    if (st)
        return st;
    int64_t last = now + app.token_lifetime + CLOCK_SKEW;
    registry_app_clear(&app);
    return keyring_rotate(secrets, secret, now, last, kid, why, why_cap);
}

void registry_secret_path(const char *registry, const char *client_id, const char *kid, char *out,
                          size_t cap)
{
    snprintf(out, cap, "%s/%s/secrets/%s", registry, client_id, kid);
}
